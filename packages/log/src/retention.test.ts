import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerStreamName } from "./port.ts";
import { allStreams, retentionOf } from "./retention.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test("closed windows are kept by their width: 48 hours, 14 days, 60 days", () => {
  const ages = ([undefined, 60_000, 600_000] as const).map(
    (widthMs) => retentionOf({ kind: "view", ...(widthMs === undefined ? {} : { widthMs }) }, 4, 2 ** 32).ageMsMax,
  );
  assert.deepEqual(ages, [48 * HOUR_MS, 14 * DAY_MS, 60 * DAY_MS]);
  assert.deepEqual(
    retentionOf({ kind: "view", widthMs: 10_000 }, 4, 2 ** 32),
    retentionOf({ kind: "view" }, 4, 2 ** 32),
  );
});

test("every stream has bytes that it may hold, and a name of its own", () => {
  const streams = allStreams(4);
  for (const stream of streams) assert.ok(retentionOf(stream, 4, 2 ** 20).bytesMax > 0);
  assert.equal(new Set(streams.map((stream) => brokerStreamName("fs", stream))).size, streams.length);
});
