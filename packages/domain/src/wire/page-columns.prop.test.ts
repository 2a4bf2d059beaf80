import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PAGE_EVENTS_MAX, PageColumns } from "../page/columns.ts";
import { ModelKernel } from "../page/fixtures/model-kernel.ts";
import { Random } from "../random.ts";
import { decodePlainly } from "./fixtures/decode-plainly.ts";
import { hostileBytes, readsOrRefuses } from "./fixtures/hostile-bytes.ts";
import { decodePageColumns, encodePageColumns } from "./page-columns.ts";
import { PageRuns } from "./page-runs.ts";
import { WireFormatError } from "./wire-format-error.ts";

type Row = readonly [tick: number, pfn: number, pid: number, cgroup: number, kind: number, order: number, type: number];

const BASE_TICK = 2 ** 45;
/** Few values, so that contexts repeat, and extreme ones. */
const identifier = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const row: fc.Arbitrary<Row> = fc.tuple(
  fc.oneof(fc.integer({ min: BASE_TICK - 50, max: BASE_TICK + 50 }), fc.nat({ max: 2 ** 51 })),
  fc.oneof(fc.integer({ min: 0x100000, max: 0x100040 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  identifier,
  identifier,
  fc.nat({ max: 4 }),
  fc.oneof(fc.constant(0), fc.nat({ max: 31 })),
  fc.nat({ max: 7 }),
);
const rows = fc.array(row, { maxLength: 300 });

function columnsOf(events: readonly Row[], capacity = Math.max(1, events.length)): PageColumns {
  const columns = new PageColumns(capacity);
  events.forEach(([tick, pfn, pid, cgroup, kind, order, type], index) => {
    columns.tick[index] = tick;
    columns.pfn[index] = pfn;
    columns.pid[index] = pid;
    columns.cgroup[index] = cgroup;
    columns.kind[index] = kind;
    columns.order[index] = order;
    columns.migrateType[index] = type;
  });
  columns.length = events.length;
  return columns;
}

function rowsOf({ length, tick, pfn, pid, cgroup, kind, order, migrateType }: PageColumns): Row[] {
  return Array.from({ length }, (_, at) => [
    tick[at],
    pfn[at],
    pid[at],
    cgroup[at],
    kind[at],
    order[at],
    migrateType[at],
  ]);
}

test("page events are decoded as they were encoded", () => {
  fc.assert(
    fc.property(rows, (events) => {
      const decoded = new PageColumns(300);
      decodePageColumns(encodePageColumns(columnsOf(events), BASE_TICK), events.length, BASE_TICK, decoded);
      assert.deepEqual(rowsOf(decoded), events);
    }),
    { numRuns: 300 },
  );
});

test("the runs of one context cover the events, and name what every one of theirs has", () => {
  fc.assert(
    fc.property(rows, (events) => {
      const runs = new PageRuns(300);
      runs.scan(columnsOf(events));
      const spread: number[][] = [];
      for (let run = 0; run < runs.length; run++) {
        const at = runs.context[run];
        while (spread.length < runs.end[run]) {
          spread.push([runs.pid[at], runs.cgroup[at], runs.kind[at], runs.order[at], runs.migrateType[at]]);
        }
      }
      assert.deepEqual(
        spread,
        events.map(([, , ...context]) => context),
      );
    }),
  );
});

test("hostile bytes are decoded as a plain reader decodes them, or refused as it refuses them", () => {
  const valid = rows.map((events) => encodePageColumns(columnsOf(events), BASE_TICK));
  let decodedBatches = 0;
  fc.assert(
    fc.property(hostileBytes(valid), fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 301 })), (bytes, count) => {
      const [decoded, expected] = [columnsOf([], 300), columnsOf([], 301)];
      decoded.length = 7;
      const works = readsOrRefuses(() => decodePageColumns(bytes, count, BASE_TICK, decoded));
      const expectedToWork = readsOrRefuses(() => decodePlainly(bytes, count, BASE_TICK, expected));
      assert.equal(works, expectedToWork && count <= 300);
      assert.deepEqual(rowsOf(decoded), works ? rowsOf(expected) : []);
      if (works && count > 0) decodedBatches++;
    }),
    { numRuns: 2000 },
  );
  assert.ok(decodedBatches > 5, `${decodedBatches} batches were decoded`);
});

test("a batch of as many events as fit is decoded, one of more is over the limit", () => {
  const events = Array.from({ length: PAGE_EVENTS_MAX }, (_, index): Row => [index, 1, 1, 1, 0, 0, 0]);
  const bytes = encodePageColumns(columnsOf(events), 0);
  const into = new PageColumns();
  decodePageColumns(bytes, PAGE_EVENTS_MAX, 0, into);
  assert.equal(into.length, PAGE_EVENTS_MAX);
  assert.throws(
    () => decodePageColumns(bytes, PAGE_EVENTS_MAX + 1, 0, into),
    (error) => error instanceof WireFormatError && error.reason === "over-limit",
  );
});

test("a migrate type that no kernel has becomes the largest there is", () => {
  const decoded = new PageColumns(1);
  decodePageColumns(encodePageColumns(columnsOf([[5, 6, 7, 8, 1, 3, 200]]), 0), 1, 0, decoded);
  assert.deepEqual(rowsOf(decoded), [[5, 6, 7, 8, 1, 3, 7]]);
});

test("runs that do not end where the events do are refused", () => {
  const into = new PageColumns(8);
  // One context: pid 1, cgroup 1, what 0; one run of head 0 and length - 2; ticks and pfns of 0.
  const bytes = (length: number): Uint8Array => Uint8Array.of(1, 1, 1, 0, 0, length - 2, 0, 0, 0, 0, 0, 0);
  decodePageColumns(bytes(3), 3, 0, into);
  assert.throws(() => decodePageColumns(bytes(4), 3, 0, into), WireFormatError);
  assert.throws(() => decodePageColumns(bytes(2), 3, 0, into), WireFormatError);
});

test("an event takes less than 3.7 bytes", () => {
  const kernel = new ModelKernel(new Random(1), 2 ** 16);
  const columns = new PageColumns();
  while (kernel.pending < 10 * PAGE_EVENTS_MAX) kernel.step();
  let bytes = 0;
  for (let batch = 0; batch < 10; batch++) {
    kernel.take(columns, PAGE_EVENTS_MAX);
    bytes += encodePageColumns(columns, columns.tick[0]).length;
  }
  assert.ok(bytes / (10 * PAGE_EVENTS_MAX) < 3.7, `${bytes / (10 * PAGE_EVENTS_MAX)} bytes`);
});
