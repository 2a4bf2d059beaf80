import {
  type CgroupDistribution,
  CgroupDistributionSchema,
  type CgroupName,
  create,
  type Signal,
} from "@farmscope/proto";
import { Distribution } from "../distribution/distribution.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";

/** Most cgroups of a node with distributions of their own; what comes after them counts as {@link OTHER_CGROUP}. */
export const CGROUPS_MAX = 512;
/** Most cgroups in a node's view: those with the most values. */
export const CGROUPS_SHOWN_MAX = 64;
/** Most names of cgroups that are remembered for a node. */
export const CGROUP_NAMES_MAX = 4096;
/** Stands for all cgroups beyond the limit. No cgroup has this id: the root's is 1. */
export const OTHER_CGROUP = 0;
const OTHER_PATH = "(other)";

interface CgroupSignal {
  readonly signal: Signal;
  readonly cgroup: number;
  readonly distribution: Distribution;
}

/** A node's cumulative distributions by cgroup, and the names of its cgroups. */
export class CgroupSignals {
  readonly #entries = new Map<string, CgroupSignal>();
  readonly #names = new Map<number, string>();
  readonly #known = new Set<number>();

  /** Learns names; of those beyond the limit the oldest are forgotten. */
  name(cgroups: readonly CgroupName[]): void {
    for (const { id, path } of cgroups) {
      this.#names.delete(id);
      this.#names.set(id, path);
    }
    for (const id of this.#names.keys()) {
      if (this.#names.size <= CGROUP_NAMES_MAX) break;
      this.#names.delete(id);
    }
  }

  of(signal: Signal, cgroup: number): Distribution {
    const id = this.#admit(cgroup);
    const key = `${signal}/${id}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { signal, cgroup: id, distribution: new Distribution() };
      this.#entries.set(key, entry);
    }
    return entry.distribution;
  }

  /** The cgroups with the most values, in an order that depends on the contents only. */
  toProto(): CgroupDistribution[] {
    return [...this.#entries.values()]
      .sort((a, b) => b.distribution.count - a.distribution.count || a.signal - b.signal || a.cgroup - b.cgroup)
      .slice(0, CGROUPS_SHOWN_MAX)
      .map(({ signal, cgroup, distribution }) =>
        create(CgroupDistributionSchema, {
          signal,
          cgroup,
          path: cgroup === OTHER_CGROUP ? OTHER_PATH : (this.#names.get(cgroup) ?? ""),
          distribution: distribution.toProto(),
        }),
      );
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.list(this.#entries.values(), ({ signal, cgroup, distribution }) => {
      into.count(signal);
      into.count(cgroup);
      distribution.encode(into);
    });
    // Names stand in the order in which they will be forgotten.
    into.list(this.#names, ([id, path]) => {
      into.count(id);
      into.text(path);
    });
    into.list(this.#known, (id) => into.count(id));
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    from.list(() => {
      const entry = { signal: from.count() as Signal, cgroup: from.count(), distribution: new Distribution() };
      entry.distribution.decode(from);
      this.#entries.set(`${entry.signal}/${entry.cgroup}`, entry);
    });
    from.list(() => this.#names.set(from.count(), from.text()));
    from.list(() => this.#known.add(from.count()));
  }

  #admit(cgroup: number): number {
    if (this.#known.has(cgroup)) return cgroup;
    if (this.#known.size >= CGROUPS_MAX) return OTHER_CGROUP;
    this.#known.add(cgroup);
    return cgroup;
  }
}
