import { createHash } from "node:crypto";
import { create, ObservationSchema } from "@farmscope/proto";
import { Random } from "../random.ts";
import { encodeObservationRuns } from "../wire/observation-runs.ts";
import { decodePageColumns, encodePageColumns } from "../wire/page-columns.ts";
import { PAGE_EVENTS_MAX, PageColumns } from "./columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { ModelKernel } from "./fixtures/model-kernel.ts";
import { PageFold } from "./page-fold.ts";

const SEED = 20_240_229;
const WARM_UP_STEPS_PER_1000_FRAMES = 40;
const NS_PER_MS = 1e6;
/** A cache line holds 16 words of 32 bits. */
const WORDS_PER_LINE = 16;
/** Words of the map for each frame: four bits. */
const FRAMES_PER_WORD = 8;

interface Size {
  readonly nodes: number;
  readonly framesPerNode: number;
  readonly batches: number;
}

const SMOKE: Size = { nodes: 8, framesPerNode: 2 ** 16, batches: 20 };
const FULL: Size = { nodes: 256, framesPerNode: 2 ** 20, batches: 40 };

/** Batches of one node, and how its memory was before the first. */
interface Trace {
  readonly classes: Uint8Array;
  readonly batches: readonly Uint8Array[];
  readonly baseTick: number;
}

/**
 * Decodes and folds the page events of many nodes in turn, one batch of 4,096 each, so that every node's map has left
 * the CPU's caches when its next batch comes. All nodes play the same trace.
 *
 * The limit, measured in the same run: the same decoding, then one read and write of a random cache line of the same
 * memory for each event. A fold that keeps any state for each page cannot do less.
 */
export async function run({ smoke }: { readonly smoke: boolean }): Promise<Readonly<Record<string, unknown>>> {
  const size = smoke ? SMOKE : FULL;
  const trace = record(size);
  const events = size.nodes * size.batches * PAGE_EVENTS_MAX;
  const folds = Array.from({ length: size.nodes }, () => foldAt(trace));
  const encodeNs = measureEncode(trace);
  const decodeNs = measureDecode(trace, smoke ? 5 : 50);
  const foldNs = measureFold(trace, folds) / events;
  const limitNs = measureLimit(trace, size) / events;
  const hash = createHash("sha256");
  for (const fold of folds) hash.update(fold.encodeRuns());
  const bytes = trace.batches.reduce((sum, batch) => sum + batch.length, 0);
  return {
    seed: SEED,
    hash: hash.digest("hex"),
    nodes: size.nodes,
    map_mib: (4 * size.nodes * size.framesPerNode) / FRAMES_PER_WORD / 2 ** 20,
    events,
    bytes_per_event: bytes / (size.batches * PAGE_EVENTS_MAX),
    encode_events_per_s: 1e9 / encodeNs,
    decode_events_per_s: 1e9 / decodeNs,
    decode_and_fold_events_per_s: 1e9 / foldNs,
    limit_events_per_s: 1e9 / limitNs,
    ratio_to_limit: limitNs / foldNs,
  };
}

function record({ framesPerNode, batches }: Size): Trace {
  const kernel = new ModelKernel(new Random(SEED), framesPerNode, 8, 200);
  for (let step = 0; step < (framesPerNode / 1000) * WARM_UP_STEPS_PER_1000_FRAMES; step++) kernel.step();
  const columns = new PageColumns();
  while (kernel.pending > 0) kernel.take(columns, PAGE_EVENTS_MAX);
  const classes = kernel.observe(0, framesPerNode);
  const baseTick = kernel.tick;
  const encoded: Uint8Array[] = [];
  while (encoded.length < batches) {
    while (kernel.pending < PAGE_EVENTS_MAX) kernel.step();
    kernel.take(columns, PAGE_EVENTS_MAX);
    encoded.push(encodePageColumns(columns, baseTick));
  }
  return { classes, batches: encoded, baseTick };
}

function foldAt(trace: Trace): PageFold {
  const fold = new PageFold();
  const count = trace.classes.length;
  fold.setFacts(factsOf(["Normal", 0, count]));
  const tick = BigInt(trace.baseTick);
  const runs = encodeObservationRuns(trace.classes);
  const chunks = [{ firstPfn: 0, count, tick, endTick: tick, runs }];
  fold.applyObservation(create(ObservationSchema, { id: 1, begin: true, end: true, chunks }));
  return fold;
}

function measureEncode(trace: Trace): number {
  const decoded = trace.batches.map((bytes) => {
    const columns = new PageColumns();
    decodePageColumns(bytes, PAGE_EVENTS_MAX, trace.baseTick, columns);
    return columns;
  });
  const startMs = performance.now();
  for (const columns of decoded) encodePageColumns(columns, trace.baseTick);
  return ((performance.now() - startMs) * NS_PER_MS) / (decoded.length * PAGE_EVENTS_MAX);
}

function measureDecode(trace: Trace, rounds: number): number {
  const columns = new PageColumns();
  const startMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (const batch of trace.batches) decodePageColumns(batch, PAGE_EVENTS_MAX, trace.baseTick, columns);
  }
  return ((performance.now() - startMs) * NS_PER_MS) / (rounds * trace.batches.length * PAGE_EVENTS_MAX);
}

/** Nanoseconds for all events of all nodes. */
function measureFold(trace: Trace, folds: readonly PageFold[]): number {
  const columns = new PageColumns();
  const startMs = performance.now();
  for (const batch of trace.batches) {
    for (const fold of folds) {
      decodePageColumns(batch, PAGE_EVENTS_MAX, trace.baseTick, columns);
      fold.applyEvents(columns);
    }
  }
  return (performance.now() - startMs) * NS_PER_MS;
}

/** Nanoseconds for decoding all events and touching one random line of memory for each. */
function measureLimit(trace: Trace, { nodes, framesPerNode }: Size): number {
  const columns = new PageColumns();
  const words = framesPerNode / FRAMES_PER_WORD;
  const memory = new Int32Array(nodes * words);
  const random = new Random(SEED);
  const offsets = Uint32Array.from(
    { length: PAGE_EVENTS_MAX },
    () => random.nextInt(words / WORDS_PER_LINE) * WORDS_PER_LINE,
  );
  memory.fill(1);
  const startMs = performance.now();
  for (const batch of trace.batches) {
    for (let node = 0; node < nodes; node++) {
      decodePageColumns(batch, PAGE_EVENTS_MAX, trace.baseTick, columns);
      touch(memory, node * words, offsets, columns.pfn);
    }
  }
  return (performance.now() - startMs) * NS_PER_MS;
}

function touch(memory: Int32Array, base: number, offsets: Uint32Array, values: Uint32Array): void {
  for (let event = 0; event < PAGE_EVENTS_MAX; event++) memory[base + offsets[event]] ^= values[event];
}
