import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type Observation, ObservationReason, ObservationSchema } from "@farmscope/proto";
import { encodeObservationRuns, OBSERVATION_CHUNK_FRAMES_MAX, ObservationClass } from "../wire/observation-runs.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { columnsOf, type PageEventFields } from "./fixtures/columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { stateNames } from "./fixtures/state-names.ts";
import { OBSERVATION_MARGIN_TICKS } from "./observation-fold.ts";
import { PageFold, type PageFoldOptions } from "./page-fold.ts";

const { NoFlags, Buddy, InUse, CompoundHead, CompoundTail, Hole } = ObservationClass;
const FRAMES = 4096;
/** A chunk's tick, far enough from 0 for events on either side of its margin. */
const T = 10 * OBSERVATION_MARGIN_TICKS;
const BEFORE_MARGIN = T - OBSERVATION_MARGIN_TICKS - 1;

interface Chunk {
  readonly first: number;
  readonly classes: readonly number[];
  readonly tick?: number;
  readonly endTick?: number;
}

function partOf(fields: { id?: number; begin?: boolean; end?: boolean }, ...chunks: readonly Chunk[]): Observation {
  return create(ObservationSchema, {
    id: 1,
    reason: ObservationReason.PERIODIC,
    ...fields,
    chunks: chunks.map(({ first, classes, tick = T, endTick = tick }) => ({
      firstPfn: first,
      count: classes.length,
      tick: BigInt(tick),
      endTick: BigInt(endTick),
      runs: encodeObservationRuns(Uint8Array.from(classes)),
    })),
  });
}

function newFold(options: PageFoldOptions = {}): PageFold {
  const fold = new PageFold(options);
  fold.setFacts(factsOf(["Normal", 0, FRAMES]));
  return fold;
}

function apply(fold: PageFold, ...events: readonly PageEventFields[]): void {
  fold.applyEvents(columnsOf(...events));
}

function repeated(observed: number, count: number): number[] {
  return new Array(count).fill(observed);
}

/** The three numbers of an agreement. */
function numbers(agreement: ReturnType<PageFold["applyObservation"]>): bigint[] {
  assert.ok(agreement !== null);
  return [agreement.frames, agreement.wrong, agreement.ambiguous];
}

test("a first observation makes everything known, and has nothing to compare", () => {
  const fold = newFold();
  const classes = [NoFlags, InUse, CompoundHead | (1 << 3), CompoundTail, ...repeated(Buddy, 4), Hole, InUse];
  assert.deepEqual(numbers(fold.applyObservation(partOf({ begin: true, end: true }, { first: 0, classes }))), [
    0n,
    0n,
    0n,
  ]);
  assert.deepEqual(stateNames(fold, 10), ["A0", "A0", "A1", "A1", "F2", "F2", "F2", "F2", "-", "A0"]);
});

test("only frames that contradict the kernel change", () => {
  const cases: [before: PageEventFields | null, observed: number, after: string, wrong: bigint][] = [
    [{ kind: "Drain", pfn: 8, order: 3 }, Buddy, "F3", 0n],
    [{ kind: "Refill", pfn: 8, order: 3 }, Buddy, "F3", 8n],
    [{ kind: "Alloc", pfn: 8, order: 3 }, Buddy, "F3", 8n],
    [{ kind: "Drain", pfn: 8, order: 3 }, NoFlags, "A0", 8n],
    [{ kind: "Refill", pfn: 8, order: 3 }, NoFlags, "P3", 0n],
    [{ kind: "Alloc", pfn: 8, order: 3 }, NoFlags, "A3", 0n],
    [{ kind: "Drain", pfn: 8, order: 3 }, InUse, "A0", 8n],
    [{ kind: "Refill", pfn: 8, order: 3 }, InUse, "A0", 0n],
    [{ kind: "Alloc", pfn: 8, order: 3 }, InUse, "A3", 0n],
    [{ kind: "Alloc", pfn: 8, order: 3 }, CompoundTail, "A3", 0n],
    [{ kind: "Drain", pfn: 8, order: 3 }, Hole, "-", 8n],
    [{ kind: "Alloc", pfn: 8, order: 3 }, Hole, "-", 0n],
    [null, NoFlags, "A0", 0n],
    [null, Hole, "-", 0n],
  ];
  for (const [before, observed, after, wrong] of cases) {
    const fold = newFold();
    if (before !== null) apply(fold, before);
    const part = partOf({ begin: true, end: true }, { first: 8, classes: repeated(observed, 8) });
    assert.equal(fold.applyObservation(part)?.wrong, wrong);
    assert.deepEqual(stateNames(fold, 16).slice(8), repeated(0, 8).fill(after as never));
  }
});

test("a compound page becomes one allocated block, unless some of its tails are missing", () => {
  const fold = newFold();
  apply(fold, { kind: "Alloc", pfn: 4 }, { kind: "Alloc", pfn: 8, order: 2 });
  const page = [CompoundHead | (2 << 3), CompoundTail, CompoundTail, CompoundTail];
  const broken = [CompoundHead | (2 << 3), CompoundTail, InUse, InUse];
  fold.applyObservation(partOf({ begin: true, end: true }, { first: 4, classes: [...page, ...page, ...broken] }));
  assert.deepEqual(stateNames(fold, 16).slice(4), [
    ...["A2", "A2", "A2", "A2"],
    ...["A2", "A2", "A2", "A2"],
    ...["A0", "A0", "A0", "A0"],
  ]);
});

test("the model is compared as it was when the chunk was read, and events since then are kept", () => {
  const fold = newFold();
  apply(fold, { kind: "Drain", pfn: 0, order: 4, tick: 0 });
  fold.applyObservation(partOf({ begin: true }));
  apply(
    fold,
    { kind: "Alloc", pfn: 0, order: 1, tick: BEFORE_MARGIN },
    { kind: "Alloc", pfn: 4, order: 1, tick: T + 20 },
  );
  const classes = [...repeated(InUse, 2), ...repeated(Buddy, 14)];
  fold.applyObservation(partOf({}, { first: 0, classes }));
  assert.deepEqual(stateNames(fold, 8), ["A1", "A1", "F1", "F1", "A1", "A1", "F1", "F1"]);
  assert.deepEqual(numbers(fold.applyObservation(partOf({ end: true }))), [16n, 0n, 0n]);
});

test("frames that events touched from the margin to the end of the read are ambiguous", () => {
  for (const [tick, ambiguous] of [
    [BEFORE_MARGIN, 0n],
    [BEFORE_MARGIN + 1, 4n],
    [T + 50, 4n],
    [T + 51, 0n],
  ] as const) {
    const fold = newFold();
    apply(fold, { kind: "Alloc", pfn: 0, order: 4, tick: 0 });
    fold.applyObservation(partOf({ begin: true }));
    apply(fold, { kind: "Refill", pfn: 4, order: 2, tick }, { kind: "Alloc", pfn: 4, order: 2, tick });
    fold.applyObservation(partOf({}, { first: 0, classes: repeated(InUse, 16), endTick: T + 50 }));
    assert.deepEqual(numbers(fold.applyObservation(partOf({ end: true }))), [16n - ambiguous, 0n, ambiguous]);
  }
});

test("a chunk that a tracepoint ran ahead of does not undo the event", () => {
  const fold = newFold();
  apply(fold, { kind: "Alloc", pfn: 16, order: 4, tick: 0 });
  fold.applyObservation(partOf({ begin: true }));
  apply(fold, { kind: "Free", pfn: 16, order: 4, tick: BEFORE_MARGIN + 1 });
  fold.applyObservation(partOf({ end: true }, { first: 16, classes: repeated(InUse, 16) }));
  assert.deepEqual(stateNames(fold, 17)[16], "F4");
});

test("an event that arrives behind a chunk which has it already is settled: counted, but not applied", () => {
  const fold = newFold();
  fold.applyObservation(partOf({ begin: true }));
  fold.applyObservation(partOf({}, { first: 0, classes: repeated(InUse, 1024) }));
  apply(fold, { kind: "Drain", pfn: 0, tick: BEFORE_MARGIN }, { kind: "Drain", pfn: 1, tick: BEFORE_MARGIN + 1 });
  assert.deepEqual(stateNames(fold, 3), ["A0", "F0", "A0"]);
  assert.deepEqual([fold.settledEvents, fold.counters.drain], [1, 2n]);
  fold.applyObservation(partOf({ end: true }));
  apply(fold, { kind: "Drain", pfn: 2, tick: BEFORE_MARGIN }, { kind: "Drain", pfn: 1024, tick: BEFORE_MARGIN });
  assert.deepEqual(stateNames(fold, 1025)[2], "A0");
  assert.deepEqual(stateNames(fold, 1025)[1024], "F0");
});

test("a frame is not called wrong when the event that explains it arrives behind the chunk", () => {
  const fold = newFold();
  apply(fold, { kind: "Alloc", pfn: 0, order: 4, tick: 0 });
  fold.applyObservation(partOf({ begin: true }));
  const classes = [...repeated(Buddy, 4), ...repeated(InUse, 12)];
  fold.applyObservation(partOf({}, { first: 0, classes }));
  apply(fold, { kind: "Drain", pfn: 0, order: 1, tick: BEFORE_MARGIN });
  apply(fold, { kind: "Drain", pfn: 2, order: 0, tick: T });
  assert.deepEqual(numbers(fold.applyObservation(partOf({ end: true }))), [13n, 1n, 3n]);
});

test("two chunks may share a tile, and each keeps what the other said", () => {
  const fold = newFold();
  apply(fold, { kind: "Alloc", pfn: 0, order: 10, tick: 0 });
  fold.applyObservation(partOf({ begin: true }));
  apply(fold, { kind: "Refill", pfn: 900, tick: T + 5 });
  fold.applyObservation(partOf({}, { first: 0, classes: repeated(Buddy, 500) }));
  fold.applyObservation(partOf({}, { first: 500, classes: repeated(InUse, 524), tick: T + 50 }));
  fold.applyObservation(partOf({ end: true }));
  const names = stateNames(fold, 1024);
  assert.deepEqual([names[0], names[499], names[500], names[899], names[900]], ["F8", "F2", "A2", "A2", "P0"]);
  // Neither chunk described the whole tile, so a late event is rather applied.
  apply(fold, { kind: "Drain", pfn: 1000, tick: 1 });
  assert.equal(stateNames(fold, 1001)[1000], "F0");
});

test("a node is observed once an observation has described as many frames as its zones manage", () => {
  const fold = newFold();
  fold.applyObservation(partOf({ begin: true, end: true }, { first: 0, classes: repeated(InUse, FRAMES - 1) }));
  assert.equal(fold.observed, false);
  fold.applyObservation(partOf({ begin: true }, { first: 0, classes: repeated(InUse, 2048) }));
  fold.applyObservation(partOf({}, { first: 2048, classes: repeated(InUse, 4096) }));
  assert.equal(fold.observed, false);
  fold.applyObservation(partOf({ end: true }));
  assert.equal(fold.observed, true);
});

test("parts whose first part is missing are ignored, and a new first part starts over", () => {
  const fold = newFold();
  const chunk = { first: 0, classes: repeated(InUse, 16) };
  assert.equal(fold.applyObservation(partOf({ end: true }, chunk)), null);
  assert.equal(stateNames(fold, 1)[0], "-");
  fold.applyObservation(partOf({ id: 2, begin: true }));
  fold.applyObservation(partOf({ id: 3, begin: true }));
  assert.equal(fold.applyObservation(partOf({ id: 2, end: true }, chunk)), null);
  const agreement = fold.applyObservation(partOf({ id: 3, end: true }, chunk));
  assert.deepEqual([agreement?.observationId, agreement?.reason], [3, ObservationReason.PERIODIC]);
  assert.equal(stateNames(fold, 1)[0], "A0");
});

test("a part with one malformed chunk is refused whole", () => {
  const fold = newFold();
  const part = partOf({ begin: true, end: true }, { first: 0, classes: [InUse] }, { first: 1, classes: [InUse] });
  part.chunks[1].count = 2;
  assert.throws(() => fold.applyObservation(part), WireFormatError);
  part.chunks[1].count = OBSERVATION_CHUNK_FRAMES_MAX + 1;
  assert.throws(
    () => fold.applyObservation(part),
    (error) => error instanceof WireFormatError && error.reason === "over-limit",
  );
  assert.deepEqual(stateNames(fold, 2), ["-", "-"]);
});

test("frames outside of all zones are passed over", () => {
  const fold = newFold();
  const part = partOf({ begin: true, end: true }, { first: FRAMES - 2, classes: repeated(Buddy, 10) });
  fold.applyObservation(part);
  assert.equal(fold.zones()[0].freePages, 2);
});

test("at the journal's limit nothing is ambiguous; one event past it, its tile is, and stays as the events had it", () => {
  for (const [journalEventsMax, numbersThen, state] of [
    [2, [1024n, 0n, 0n], "A0"],
    [1, [0n, 0n, 1024n], "P0"],
  ] as const) {
    const fold = newFold({ journalEventsMax });
    apply(fold, { kind: "Alloc", pfn: 0, order: 10, tick: 0 });
    fold.applyObservation(partOf({ begin: true }));
    const ticks = { tick: BEFORE_MARGIN };
    apply(fold, { kind: "Free", pfn: 7, ...ticks }, { kind: "Refill", pfn: 7, ...ticks });
    const part = partOf({ end: true }, { first: 0, classes: repeated(InUse, 1024) });
    assert.deepEqual(numbers(fold.applyObservation(part)), numbersThen);
    assert.equal(stateNames(fold, 8)[7], state);
  }
});

test("a zone may grow in the middle of an observation", () => {
  const fold = newFold();
  apply(fold, { kind: "Alloc", pfn: 0, order: 4, tick: 0 });
  fold.applyObservation(partOf({ begin: true }));
  apply(fold, { kind: "Drain", pfn: 0, order: 1, tick: T + 1 });
  fold.setFacts(factsOf(["Normal", 0, 2 * FRAMES]));
  fold.applyObservation(partOf({}, { first: 0, classes: repeated(InUse, 16) }));
  fold.applyObservation(partOf({}, { first: FRAMES, classes: repeated(Buddy, 16) }));
  assert.deepEqual(numbers(fold.applyObservation(partOf({ end: true }))), [16n, 0n, 0n]);
  assert.deepEqual(stateNames(fold, 3), ["F1", "F1", "A1"]);
  assert.equal(fold.zones()[0].freePages, 18);
});

test("an observation is abandoned when zones move", () => {
  const fold = newFold();
  fold.applyObservation(partOf({ begin: true }));
  fold.setFacts(factsOf(["Normal", 8, FRAMES]));
  assert.equal(fold.applyObservation(partOf({ end: true }, { first: 8, classes: [Buddy] })), null);
  assert.equal(fold.zones()[0].freePages, 0);
});
