import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RunqColumns } from "../distribution/columns.ts";
import { hostileBytes, readsOrRefuses } from "./fixtures/hostile-bytes.ts";
import { decodeRunqColumns, encodeRunqColumns } from "./runq-columns.ts";
import { WireFormatError } from "./wire-format-error.ts";

const BASE_TICK = 2 ** 45;
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const row = fc.tuple(
  fc.nat({ max: 2 ** 51 }),
  fc.oneof(uint32, fc.maxSafeNat()),
  uint32,
  uint32,
  fc.nat({ max: 65_535 }),
  uint32,
);
type Row = [tick: number, delayNs: number, pid: number, cgroup: number, cpu: number, previousPid: number];

function columnsOf(rows: readonly Row[]): RunqColumns {
  const columns = new RunqColumns(Math.max(1, rows.length));
  rows.forEach(([tick, delayNs, pid, cgroup, cpu, previousPid], at) => {
    columns.tick[at] = tick;
    columns.delayNs[at] = delayNs;
    columns.pid[at] = pid;
    columns.cgroup[at] = cgroup;
    columns.cpu[at] = cpu;
    columns.previousPid[at] = previousPid;
  });
  columns.length = rows.length;
  return columns;
}

test("run-queue delays are decoded as they were encoded", () => {
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const into = new RunqColumns(100);
      fc.pre(rows.length <= into.capacity);
      decodeRunqColumns(encodeRunqColumns(columnsOf(rows), BASE_TICK), rows.length, BASE_TICK, into);
      const { tick, delayNs, pid, cgroup, cpu, previousPid, length } = into;
      const decoded = Array.from({ length }, (_, at) => [
        tick[at],
        delayNs[at],
        pid[at],
        cgroup[at],
        cpu[at],
        previousPid[at],
      ]);
      assert.deepEqual(decoded, rows);
    }),
  );
});

test("hostile bytes are decoded or refused, and leave nothing half decoded", () => {
  const valid = fc.array(row).map((rows) => encodeRunqColumns(columnsOf(rows), BASE_TICK));
  fc.assert(
    fc.property(hostileBytes(valid), fc.nat({ max: 60 }), (bytes, count) => {
      const into = new RunqColumns(50);
      into.length = 7;
      const works = readsOrRefuses(() => decodeRunqColumns(bytes, count, BASE_TICK, into));
      assert.equal(into.length, works ? count : 0);
    }),
    { numRuns: 1000 },
  );
});

test("one delay more than fits is over the limit", () => {
  const rows = Array.from({ length: 3 }, (): Row => [1, 2, 3, 4, 5, 6]);
  const bytes = encodeRunqColumns(columnsOf(rows), 0);
  decodeRunqColumns(bytes, 3, 0, new RunqColumns(3));
  assert.throws(
    () => decodeRunqColumns(bytes, 3, 0, new RunqColumns(2)),
    (error) => error instanceof WireFormatError && error.reason === "over-limit",
  );
});
