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
/** Most cgroups in a node's view for each signal: those with the most values. */
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

/** The cgroups with the most values, and all others as one. */
export interface TopCgroups {
  readonly shown: readonly CgroupDistribution[];
  /** How many distributions the last one of them is the sum of; 0 when there is no such one. */
  readonly summed: number;
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

  /** Path of a cgroup; empty when it was never named. */
  pathOf(cgroup: number): string {
    return cgroup === OTHER_CGROUP ? OTHER_PATH : (this.#names.get(cgroup) ?? "");
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

  /** Of each signal the cgroups with the most values, in an order that depends on the contents only. */
  toProto(): CgroupDistribution[] {
    const shown = new Map<Signal, number>();
    const isShown = ({ signal }: CgroupSignal): boolean => {
      shown.set(signal, (shown.get(signal) ?? 0) + 1);
      return shown.get(signal)! <= CGROUPS_SHOWN_MAX;
    };
    return [...this.#entries.values()]
      .sort(byCount)
      .filter(isShown)
      .map(({ signal, cgroup, distribution }) =>
        create(CgroupDistributionSchema, {
          signal,
          cgroup,
          path: this.pathOf(cgroup),
          distribution: distribution.toProto(),
        }),
      );
  }

  /** Adds what stands in a view. @throws {WireFormatError} when its bytes are malformed. */
  addProto(views: readonly CgroupDistribution[]): void {
    for (const { signal, cgroup, distribution } of views) {
      if (distribution !== undefined) this.of(signal, cgroup).add(Distribution.fromProto(distribution));
    }
  }

  /** Adds all of another set. */
  add(other: CgroupSignals): void {
    for (const { signal, cgroup, distribution } of other.#entries.values()) this.of(signal, cgroup).add(distribution);
  }

  /**
   * The distributions with the most values, and behind them, for each signal, the sum of all others.
   * @param pathOf gives the path of a cgroup, for a set that knows no names itself.
   */
  top(most: number, pathOf: (cgroup: number) => string): TopCgroups {
    const [others, known] = partition([...this.#entries.values()], ({ cgroup }) => cgroup === OTHER_CGROUP);
    const sorted = known.sort(byCount);
    const shown = sorted.slice(0, most);
    const rest = new Map<Signal, CgroupSignal>();
    for (const { signal, distribution } of [...others, ...sorted.slice(most)]) {
      const sum = rest.get(signal) ?? { signal, cgroup: OTHER_CGROUP, distribution: new Distribution() };
      sum.distribution.add(distribution);
      rest.set(signal, sum);
    }
    const all = [...shown, ...[...rest.values()].sort((a, b) => a.signal - b.signal)];
    const proto = ({ signal, cgroup, distribution }: CgroupSignal): CgroupDistribution => {
      const path = cgroup === OTHER_CGROUP ? OTHER_PATH : pathOf(cgroup);
      return create(CgroupDistributionSchema, { signal, cgroup, path, distribution: distribution.toProto() });
    };
    return { shown: all.map(proto), summed: others.length + Math.max(0, sorted.length - most) };
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
    if (cgroup === OTHER_CGROUP) return cgroup;
    if (this.#known.has(cgroup)) return cgroup;
    if (this.#known.size >= CGROUPS_MAX) return OTHER_CGROUP;
    this.#known.add(cgroup);
    return cgroup;
  }
}

/** The greatest counts first; equal ones in an order that depends on the contents only. */
function byCount(a: CgroupSignal, b: CgroupSignal): number {
  return b.distribution.count - a.distribution.count || a.signal - b.signal || a.cgroup - b.cgroup;
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
