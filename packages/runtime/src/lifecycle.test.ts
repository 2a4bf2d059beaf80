import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { ManualClock, SystemClock } from "./clock.ts";
import { DRAIN_MS_MAX, runUntilSignal } from "./lifecycle.ts";
import { createLogger } from "./logger.ts";

const logger = createLogger("test", "silent");
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("a service that drains ends with 0 and leaves no timer behind", async () => {
  const signals = new EventEmitter();
  const clock = new SystemClock();
  const waits: AbortSignal[] = [];
  const watched = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms: number, signal?: AbortSignal) => {
      if (signal !== undefined) waits.push(signal);
      return clock.sleep(ms, signal);
    },
  };
  const running = runUntilSignal({ run: untilAborted }, watched, logger, signals);
  signals.emit("SIGTERM");
  assert.equal(await running, 0);
  assert.deepEqual(
    waits.map((signal) => signal.aborted),
    [true],
  );
  assert.equal(signals.listenerCount("SIGTERM"), 0);
});

test("a service that cannot go on ends with 1", async () => {
  const failing = { run: () => Promise.reject(new Error("broken")) };
  assert.equal(await runUntilSignal(failing, new SystemClock(), logger), 1);
});

test("a service that does not drain in time is given up with 1", async () => {
  const clock = new ManualClock();
  const signals = new EventEmitter();
  const running = runUntilSignal({ run: () => new Promise(() => undefined) }, clock, logger, signals);
  signals.emit("SIGTERM");
  await clock.advance(DRAIN_MS_MAX);
  assert.equal(await running, 1);
});
