import assert from "node:assert/strict";
import { test } from "node:test";
import { RETRY_AFTER_MS_MAX, retryAfterMs } from "./retry-after.ts";
import { retryWaitMs, WAIT_MS_MAX } from "./retry-wait.ts";

test("Retry-After is read as seconds or as an HTTP date, and never asks for more than an hour", () => {
  assert.equal(retryAfterMs("7", 0), 7_000);
  assert.equal(retryAfterMs(" 0 ", 0), 0);
  assert.equal(retryAfterMs("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000 - 2_500), 2_500);
  assert.equal(retryAfterMs("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800_000 - 1), 1);
  assert.equal(retryAfterMs("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_778_000), 0);
  assert.equal(retryAfterMs("9999999999", 0), RETRY_AFTER_MS_MAX);
});

test("A Retry-After that says nothing asks for nothing", () => {
  for (const header of [null, "", "soon", "-1", "1.5", "Sun, 06 Nev 1994 08:49:37 GMT"]) {
    assert.equal(retryAfterMs(header, 0), null);
  }
});

test("Waits double up to a minute, with jitter over their upper half, the same for the same attempt", () => {
  for (const [attempt, fullMs] of [
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [7, 60_000],
    [1000, WAIT_MS_MAX],
  ] as const) {
    const waitMs = retryWaitMs("event/a>webhook", attempt, null);
    assert.ok(waitMs >= fullMs / 2 && waitMs <= fullMs, `${waitMs} of ${fullMs}`);
    assert.equal(retryWaitMs("event/a>webhook", attempt, null), waitMs);
  }
  assert.notEqual(retryWaitMs("event/a>webhook", 7, null), retryWaitMs("event/b>webhook", 7, null));
  assert.equal(retryWaitMs("event/a>webhook", 3, 120_000), 120_000);
});
