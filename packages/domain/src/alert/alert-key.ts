/** Labels that tell apart the alerts of one rule: `farm`, and `node` for rules by node. */
export type InstanceLabels = Readonly<Record<string, string>>;

/**
 * The name of an alert: its rule and the labels that tell it from the rule's other alerts, such as
 * "FarmFragmented{farm=default}". Values are percent-encoded, so that different labels never give the same key.
 */
export function alertKeyOf(rule: string, labels: InstanceLabels): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${name}=${encodeURIComponent(labels[name]!)}`);
  return `${rule}{${pairs.join(",")}}`;
}

/** The name of one incident of an alert: from firing to resolved. */
export function incidentOf(alertKey: string, windowStartMs: number): string {
  return `${alertKey}@${windowStartMs}`;
}
