import type { SamplingChange } from "@farmscope/proto";
import { SAMPLINGS_MAX } from "./control-limits.ts";
import type { ControlOutcome, ControlPlace } from "./control-outcome.ts";

/** Sampling in force; null: nobody said anything, so the emitter's own setting counts. */
export interface SamplingInForce {
  readonly pageKeepOneIn: number | null;
  readonly runqKeepOneIn: number | null;
}

/** What was said for one scope, and where. */
export interface SaidSampling extends SamplingInForce {
  readonly place: ControlPlace;
}

interface Said {
  readonly change: SamplingChange;
  readonly place: ControlPlace;
}

/**
 * Sampling as it was asked for, for single nodes, for farms and for all: for each rate, what is said for the node counts
 * before what is said for its farm, and that before what is said for all. 0 takes back what the scope said.
 */
export class SamplingBook {
  readonly #nodes = new Map<string, Said>();
  /** The farm "" stands for all. */
  readonly #farms = new Map<string, Said>();

  apply(change: SamplingChange, place: ControlPlace): ControlOutcome {
    const { farm, node, pageKeepOneIn, runqKeepOneIn } = change;
    const scopes = node === "" ? this.#farms : this.#nodes;
    const name = node === "" ? farm : node;
    if (pageKeepOneIn === 0 && runqKeepOneIn === 0) return scopes.delete(name) ? "applied" : "stale";
    if (!scopes.has(name) && this.#nodes.size + this.#farms.size >= SAMPLINGS_MAX) return "over-limit";
    scopes.set(name, { change, place });
    return "applied";
  }

  /** What is in force for a node while it belongs to a farm. */
  of(node: string, farm: string): SamplingInForce {
    const said = [this.#nodes.get(node), this.#farms.get(farm), this.#farms.get("")];
    const first = (rate: "pageKeepOneIn" | "runqKeepOneIn") =>
      said.find((entry) => (entry?.change[rate] ?? 0) > 0)?.change[rate];
    return { pageKeepOneIn: first("pageKeepOneIn") ?? null, runqKeepOneIn: first("runqKeepOneIn") ?? null };
  }

  /** What was said for a farm itself, or with "" for all; null when nothing was. */
  ofFarm(farm: string): SaidSampling | null {
    const said = this.#farms.get(farm);
    if (said === undefined) return null;
    const { pageKeepOneIn, runqKeepOneIn } = said.change;
    return { pageKeepOneIn: pageKeepOneIn || null, runqKeepOneIn: runqKeepOneIn || null, place: said.place };
  }
}
