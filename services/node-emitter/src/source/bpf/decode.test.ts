import assert from "node:assert/strict";
import { test } from "node:test";
import { PageColumns, RunqColumns, TICK_NS } from "@farmscope/domain";
import { WIRE_GC, WIRE_PAGE, WIRE_RUNQ } from "../wire.gen.ts";
import { decodePages, decodePause, decodeRunq } from "./decode.ts";

/** Beyond 2^53: nanoseconds of a host that is up for 115 days. */
const LATE_NS = 9_999_999_999_999_999n;
const LATE_TICK = Number(LATE_NS / BigInt(TICK_NS));

function records(size: number, count: number): { view: DataView; words: Uint32Array; bytes: Uint8Array } {
  const buffer = new ArrayBuffer(size * count);
  return { view: new DataView(buffer), words: new Uint32Array(buffer), bytes: new Uint8Array(buffer) };
}

test("page records become columns, exact beyond 2^53 nanoseconds, from any record on", () => {
  const { view, words } = records(WIRE_PAGE.size, 3);
  const at = 2 * WIRE_PAGE.size;
  view.setBigUint64(at + WIRE_PAGE.timeNs, LATE_NS, true);
  view.setUint32(at + WIRE_PAGE.pfn, 0xfffffffe, true);
  view.setUint32(at + WIRE_PAGE.pid, 4_000_000_000, true);
  view.setUint32(at + WIRE_PAGE.cgroup, 77, true);
  view.setUint8(at + WIRE_PAGE.kind, 4);
  view.setUint8(at + WIRE_PAGE.order, 10);
  view.setUint8(at + WIRE_PAGE.migrateType, 5);
  view.setUint8(at + WIRE_PAGE.gfp, 255);
  const columns = new PageColumns(4);
  const needed: number[] = [];
  decodePages(words, 1, 2, columns, { need: (id) => void needed.push(id) });
  assert.equal(columns.length, 2);
  const row = [
    columns.tick,
    columns.pfn,
    columns.pid,
    columns.cgroup,
    columns.kind,
    columns.order,
    columns.migrateType,
  ];
  assert.deepEqual(
    row.map((column) => column[1]),
    [LATE_TICK, 0xfffffffe, 4_000_000_000, 77, 4, 10, 5],
  );
  assert.deepEqual(needed, [0, 77]);
});

test("run-queue records become columns", () => {
  const { view, words } = records(WIRE_RUNQ.size, 1);
  view.setBigUint64(WIRE_RUNQ.timeNs, LATE_NS, true);
  view.setBigUint64(WIRE_RUNQ.delayNs, 5_000_000_001n, true);
  view.setUint32(WIRE_RUNQ.pid, 11, true);
  view.setUint32(WIRE_RUNQ.previousPid, 12, true);
  view.setUint32(WIRE_RUNQ.cgroup, 13, true);
  view.setUint16(WIRE_RUNQ.cpu, 300, true);
  const columns = new RunqColumns(1);
  decodeRunq(words, 0, 1, columns, { need: () => undefined });
  const row = [columns.tick, columns.delayNs, columns.pid, columns.previousPid, columns.cgroup, columns.cpu];
  assert.deepEqual(
    row.map((column) => column[0]),
    [LATE_TICK, 5_000_000_001, 11, 12, 13, 300],
  );
});

test("a pause has the name of its process, cut at the first zero", () => {
  const { view, words, bytes } = records(WIRE_GC.size, 2);
  const at = WIRE_GC.size;
  view.setBigUint64(at + WIRE_GC.endTimeNs, 6400n, true);
  view.setBigUint64(at + WIRE_GC.durationNs, 1_500_000n, true);
  view.setUint32(at + WIRE_GC.pid, 1, true);
  view.setUint32(at + WIRE_GC.tid, 2, true);
  view.setUint32(at + WIRE_GC.cgroup, 3, true);
  view.setUint8(at + WIRE_GC.runtime, 2);
  view.setUint8(at + WIRE_GC.phase, 1);
  bytes.set(Buffer.from("worker\0left over"), at + WIRE_GC.command);
  assert.deepEqual(decodePause(words, bytes, 1), {
    endTick: 100,
    durationNs: 1_500_000,
    pid: 1,
    tid: 2,
    cgroup: 3,
    runtime: 2,
    phase: 1,
    command: "worker",
  });
});
