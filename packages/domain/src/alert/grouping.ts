/** One alert per farm, per node of a farm, per cgroup of a node, or per server that a node watches. */
export const GROUPINGS = ["farm", "node", "cgroup", "instance"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** Labels that tell apart the alerts of a rule, by its grouping. */
export const INSTANCE_LABELS: Readonly<Record<Grouping, readonly string[]>> = {
  farm: ["farm"],
  node: ["farm", "node"],
  cgroup: ["farm", "node", "cgroup"],
  instance: ["farm", "node", "addr"],
};
