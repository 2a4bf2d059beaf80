import type { Membership } from "@farmscope/proto";
import { MEMBERSHIPS_MAX } from "./control-limits.ts";
import type { ControlOutcome, ControlPlace } from "./control-outcome.ts";

/** Which farm a node belongs to by the registry. */
export interface RegisteredFarm {
  readonly farm: string;
  /** Grows with each move of the node. */
  readonly version: number;
  readonly place: ControlPlace;
}

/** The registry of nodes: of two records of one version, the first in the log counts. */
export class MembershipBook {
  readonly #farms = new Map<string, RegisteredFarm>();

  /** Number of nodes that the registry names. */
  get size(): number {
    return this.#farms.size;
  }

  apply({ node, farm, version }: Membership, place: ControlPlace): ControlOutcome {
    const known = this.#farms.get(node);
    if (version <= (known?.version ?? 0)) return "stale";
    if (known === undefined && this.#farms.size >= MEMBERSHIPS_MAX) return "over-limit";
    this.#farms.set(node, { farm, version, place });
    return "applied";
  }

  /** Null when the registry names no farm for the node: its own setting counts then. */
  of(node: string): RegisteredFarm | null {
    return this.#farms.get(node) ?? null;
  }

  /** All nodes that the registry names, by id. */
  entries(): [string, RegisteredFarm][] {
    return [...this.#farms].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
