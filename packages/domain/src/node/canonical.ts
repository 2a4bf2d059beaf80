import {
  create,
  type NodeView,
  PageAnomaliesSchema,
  PageCountersSchema,
  Signal,
  SignalDistributionSchema,
  toBinary,
} from "@farmscope/proto";
import { balanceFromProto } from "../balance.ts";

/** What the canonical hash covers of one node. */
export interface CanonicalNode {
  readonly view: NodeView;
  /** Its page map, as runs in packages/domain/src/wire's page-map format, uncompressed. */
  readonly runs: Uint8Array;
}

const utf8 = new TextEncoder();

/**
 * The bytes whose SHA-256 is the canonical hash, by which runs are compared: for each node, by id, its page state, event
 * counters and cumulative distributions. Nothing that depends on append time, start, sequence number, position or
 * epoch, so a run that was killed and restarted hashes like one that was not.
 */
export function* canonicalBytes(nodes: readonly CanonicalNode[]): Generator<Uint8Array> {
  const sorted = [...nodes].sort((a, b) => (a.view.node < b.view.node ? -1 : Number(a.view.node > b.view.node)));
  for (const { view, runs } of sorted) {
    yield* field(utf8.encode(view.node));
    yield* field(runs);
    yield* field(eventCounters(view));
    for (const distribution of view.distributions) {
      // Lifetimes are those of a sample of blocks, which every boot chooses anew.
      if (distribution.signal === Signal.PAGE_LIFETIME) continue;
      yield* field(toBinary(SignalDistributionSchema, distribution));
    }
  }
}

function eventCounters(view: NodeView): Uint8Array {
  const { alloc, free, drain, refill, extfrag, anomalies } =
    view.pageCounters ?? create(PageCountersSchema, { anomalies: create(PageAnomaliesSchema) });
  const folded = [view.pages, view.runq, view.gc].map((balance) => balanceFromProto(balance).folded);
  const anomalyCounts = toBinary(PageAnomaliesSchema, anomalies ?? create(PageAnomaliesSchema));
  const numbers = [alloc, free, drain, refill, extfrag, ...folded].join(",");
  return Uint8Array.from([...utf8.encode(numbers), ...anomalyCounts]);
}

/** Each field stands behind its length, so that no two contents have the same bytes. */
function* field(bytes: Uint8Array): Generator<Uint8Array> {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  yield length;
  yield bytes;
}
