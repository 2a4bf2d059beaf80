import assert from "node:assert/strict";
import { test } from "node:test";
import { PageEventKind } from "@farmscope/domain";
import { ObservationReason } from "@farmscope/proto";
import { classOf, type Evidence } from "./classify.ts";
import type { FrameHistory } from "./frame-histories.ts";
import { FrameState } from "./node-batches.ts";

const NEVER = Number.NEGATIVE_INFINITY;

function evidence(of: Partial<Omit<Evidence, "history">> & { history?: Partial<FrameHistory> }): Evidence {
  const history = {
    eventKind: -1,
    eventOrder: 0,
    eventTick: NEVER,
    readTick: NEVER,
    readReason: ObservationReason.UNSPECIFIED,
    compactedTick: NEVER,
    ...of.history,
  };
  const rest = { wholeHugeBlock: false, recursionLost: 0, otherLost: 0 };
  return { state: FrameState.Free, flags: { free: false, inUse: false }, ...rest, ...of, history };
}

test("a frame of which nothing was known came into being meanwhile", () => {
  assert.equal(classOf(evidence({ state: FrameState.Unknown })), "lazy_initialisation");
});

test("what a second look finds as the map has it was in flight, or a huge block that was being reported", () => {
  const flags = { free: true, inUse: false };
  assert.equal(classOf(evidence({ flags })), "in_flight");
  assert.equal(classOf(evidence({ flags, wholeHugeBlock: true })), "free_page_reporting");
});

test("a free frame that compaction scanned after its newest news is a target; one read again since is not", () => {
  const history = { eventKind: PageEventKind.Drain, eventTick: 10, compactedTick: 20 };
  assert.equal(classOf(evidence({ history })), "compaction_target");
  assert.equal(classOf(evidence({ history: { ...history, readTick: 30 } })), "silent_refill");
});

test("a frame that is taken without an event is a bulk allocation where its flags prove it", () => {
  assert.equal(classOf(evidence({ flags: { free: false, inUse: true } })), "bulk_allocation");
  assert.equal(classOf(evidence({})), "silent_refill");
});

test("a frame on a per-CPU list that is free left the list without an event", () => {
  const flags = { free: true, inUse: false };
  const history = { eventKind: PageEventKind.Free, eventTick: 5 };
  assert.equal(classOf(evidence({ state: FrameState.PerCpu, flags, history })), "per_cpu_audit");
  const amid = { readTick: 9, readReason: ObservationReason.COMPACTION };
  assert.equal(classOf(evidence({ state: FrameState.Allocated, flags, history: amid })), "compaction_source");
});

test("losses explain only what their number admits: without any, an allocated frame that is free is unknown", () => {
  const history = { eventKind: PageEventKind.Alloc, eventTick: 5 };
  const free = { state: FrameState.Allocated, flags: { free: true, inUse: false }, history };
  assert.equal(classOf(evidence(free)), "unknown");
  assert.equal(classOf(evidence({ ...free, recursionLost: 1 })), "recursion_miss");
  assert.equal(classOf(evidence({ ...free, otherLost: 1 })), "lost_event");
});
