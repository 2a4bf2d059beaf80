import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SystemClock } from "./clock.ts";
import { DRAIN_MS_MAX, runUntilSignal } from "./lifecycle.ts";
import { createLogger } from "./logger.ts";

const logger = createLogger("test", "silent");
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("a service that drains ends with 0 and leaves no timer behind", async () => {
  const running = runUntilSignal({ run: untilAborted }, new SystemClock(), logger);
  process.emit("SIGTERM");
  assert.equal(await running, 0);
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name === "Timeout"),
    [],
  );
});

test("a service that cannot go on ends with 1", async () => {
  const failing = { run: () => Promise.reject(new Error("broken")) };
  assert.equal(await runUntilSignal(failing, new SystemClock(), logger), 1);
});

test("a service that does not drain in time is given up with 1", async () => {
  const clock = new ManualClock();
  const running = runUntilSignal({ run: () => new Promise(() => undefined) }, clock, logger);
  process.emit("SIGTERM");
  await clock.advance(DRAIN_MS_MAX);
  assert.equal(await running, 1);
});
