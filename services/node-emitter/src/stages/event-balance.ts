import { type Counters, CountersSchema, create, type StreamCounters } from "@farmscope/proto";

/** How many raw events of each kind. */
export interface EventCounts {
  readonly pages: number;
  readonly runq: number;
  readonly gc: number;
}

type Kind = keyof EventCounts;
const KINDS: readonly Kind[] = ["pages", "runq", "gc"];

/** What became of one node's raw events between the source and its batches, cumulative since the start. */
export class EventBalance {
  readonly #batched = { pages: 0, runq: 0, gc: 0 };
  readonly #spoolLost = { pages: 0, runq: 0, gc: 0 };
  #source: Counters | undefined;

  /** Newest counters of the source. */
  learn(counters: Counters): void {
    this.#source = counters;
  }

  batched(counts: EventCounts): void {
    for (const kind of KINDS) this.#batched[kind] += counts[kind];
  }

  /** No room was left for them on the way to the log. */
  spoolLost(counts: EventCounts): void {
    for (const kind of KINDS) this.#spoolLost[kind] += counts[kind];
  }

  /** The balance at this moment. An event in a batch was seen, whether or not the source has said so already. */
  snapshot(): Counters {
    const of = (kind: Kind): StreamCounters => {
      const source = this.#source?.[kind];
      const batched = BigInt(this.#batched[kind]);
      const spoolLost = BigInt(this.#spoolLost[kind]);
      const {
        sampledOut = 0n,
        ringLost = 0n,
        recovered = 0n,
        decodeLost = 0n,
        recursionLost = 0n,
        seen = 0n,
      } = source ?? {};
      const accounted = batched + spoolLost + sampledOut + ringLost + decodeLost;
      return {
        $typeName: "farmscope.event.v1.StreamCounters",
        seen: seen > accounted ? seen : accounted,
        sampledOut,
        ringLost,
        recovered,
        decodeLost,
        spoolLost,
        batched,
        recursionLost,
      };
    };
    return create(CountersSchema, { pages: of("pages"), runq: of("runq"), gc: of("gc") });
  }
}
