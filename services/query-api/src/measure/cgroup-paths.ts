import type { CgroupName, NodeView } from "@farmscope/proto";

/** Paths of a node's cgroups, as its view and the batches that are being read name them. */
export class CgroupPaths {
  readonly #paths = new Map<number, string>();

  constructor(view: NodeView) {
    for (const { cgroup, path } of view.cgroups) if (path !== "") this.#paths.set(cgroup, path);
  }

  learn(names: readonly CgroupName[]): void {
    for (const { id, path } of names) this.#paths.set(id, path);
  }

  of(cgroup: number): string | null {
    return this.#paths.get(cgroup) ?? null;
  }
}
