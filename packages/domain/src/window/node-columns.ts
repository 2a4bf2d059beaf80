/**
 * The nodes of a wide window as they stand in fs.view: what {@link NodeSummary} has of them, packed. A node takes about 40
 * bytes and 25 to 45 for each signal that was counted, besides its id.
 *
 *   node:      flags (1 online, 2 observed, 4 left), farm, coverage in millionths, huge-page order, free pages,
 *              managed pages, free blocks by order, skew in whole ms (zigzag), Redis gauges (messages), signals
 *   signal:    its number, values counted, their sum in ns, the greatest in ns, quantiles
 *   quantile:  lower bound in ns, width + 1 in ns (0: open above), value minus lower bound in ns
 *
 * All numbers are varints, all lists stand behind their length.
 */
import {
  create,
  type NodeColumns,
  NodeColumnsSchema,
  RedisGaugesSchema,
  type Signal,
  toBinary,
} from "@farmscope/proto";
import type { Quantile } from "../distribution/distribution.ts";
import { decodeMessage } from "../state/message.ts";
import { StateReader } from "../state/state-reader.ts";
import { StateWriter } from "../state/state-writer.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import type { NodeSummary, SignalSummary } from "./node-summary.ts";

const MILLION = 1_000_000;
const NS_PER_US = 1_000;
const ONLINE = 1;
const OBSERVED = 2;
const LEFT = 4;

/** What a wide window has of its nodes. */
export interface UnpackedColumns {
  /** The quantiles that the signals' summaries have, rising. */
  readonly quantiles: readonly number[];
  readonly nodes: readonly NodeSummary[];
}

/** Packs nodes, in their order. Fractions of a nanosecond, a millionth or a millisecond of skew are rounded away. */
export function packNodes(nodes: readonly NodeSummary[], quantiles: readonly number[]): NodeColumns {
  const farms = [...new Set(nodes.map(({ farm }) => farm))].sort();
  const writer = new StateWriter();
  for (const node of nodes) packNode(node, farms.indexOf(node.farm), writer);
  return create(NodeColumnsSchema, {
    nodes: nodes.map(({ node }) => node),
    farms,
    quantiles: [...quantiles],
    packed: writer.finish(),
  });
}

function packNode(node: NodeSummary, farm: number, into: StateWriter): void {
  into.count((node.online ? ONLINE : 0) | (node.observed ? OBSERVED : 0) | (node.left ? LEFT : 0));
  into.count(farm);
  into.count(Math.round(node.coverage * MILLION));
  for (const value of [node.hugeOrder, node.freePages, node.managedPages]) into.count(value);
  into.list(node.freeBlocks, (blocks) => into.count(blocks));
  const skewMs = Math.round(node.skewMs);
  into.count(skewMs < 0 ? -2 * skewMs - 1 : 2 * skewMs);
  into.list(node.redis, (gauges) => into.bytes(toBinary(RedisGaugesSchema, gauges)));
  into.list(node.signals, (signal) => packSignal(signal, into));
}

function packSignal({ signal, count, sumUs, maxUs, quantiles }: SignalSummary, into: StateWriter): void {
  into.count(signal);
  into.count(count);
  into.count(nsOf(sumUs));
  into.count(nsOf(maxUs));
  into.list(quantiles, ({ value, lower, upper }) => {
    into.count(nsOf(lower));
    into.count(Number.isFinite(upper) ? nsOf(upper) - nsOf(lower) + 1 : 0);
    into.count(Math.max(0, nsOf(value) - nsOf(lower)));
  });
}

/** @throws {WireFormatError} malformed. */
export function unpackNodes({ nodes, farms, quantiles, packed }: NodeColumns): UnpackedColumns {
  const reader = new StateReader(packed);
  const unpacked = nodes.map((node) => unpackNode(node, farms, reader));
  reader.expectEnd();
  return { quantiles, nodes: unpacked };
}

function unpackNode(node: string, farms: readonly string[], from: StateReader): NodeSummary {
  const flags = from.count();
  const farm = farms[from.count()];
  if (farm === undefined) throw new WireFormatError("malformed", "a node's farm is none of the window's");
  const coverage = from.count() / MILLION;
  const [hugeOrder, freePages, managedPages] = [from.count(), from.count(), from.count()];
  const freeBlocks = from.list(() => from.count());
  const skew = from.count();
  return {
    node,
    farm,
    online: (flags & ONLINE) !== 0,
    observed: (flags & OBSERVED) !== 0,
    left: (flags & LEFT) !== 0,
    coverage,
    hugeOrder,
    freePages,
    managedPages,
    freeBlocks,
    skewMs: skew % 2 === 1 ? -(skew + 1) / 2 : skew / 2,
    redis: from.list(() => decodeMessage(RedisGaugesSchema, from)),
    signals: from.list(() => unpackSignal(from)),
  };
}

function unpackSignal(from: StateReader): SignalSummary {
  return {
    signal: from.count() as Signal,
    count: from.count(),
    sumUs: from.count() / NS_PER_US,
    maxUs: from.count() / NS_PER_US,
    quantiles: from.list(() => unpackQuantile(from)),
  };
}

function unpackQuantile(from: StateReader): Quantile {
  const lowerNs = from.count();
  const width = from.count();
  const valueNs = lowerNs + from.count();
  const upper = width === 0 ? Number.POSITIVE_INFINITY : (lowerNs + width - 1) / NS_PER_US;
  return { value: valueNs / NS_PER_US, lower: lowerNs / NS_PER_US, upper };
}

function nsOf(us: number): number {
  return Math.round(us * NS_PER_US);
}
