import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { appendingContract } from "./contract/appending.ts";
import { bytes, clock, type Habits, type LogSettings, type On, USUAL_HABITS, VIEW } from "./contract/kit.ts";
import { readingContract } from "./contract/reading.ts";
import { retentionContract } from "./contract/retention.ts";
import type { EventLog } from "./port.ts";

/** What an adapter gives to be held against the contract. */
export interface LogUnderTest {
  /** A log of its own, empty, its streams made. The suite closes it. */
  open(settings?: LogSettings): Promise<EventLog>;
  /** What this broker does in its own way. */
  readonly habits?: Partial<Habits>;
}

/** Registers the tests that every adapter of the event log must pass. */
export function eventLogContract(title: string, underTest: LogUnderTest): void {
  const on: On = (name, work, settings = {}) => {
    test(name, async () => {
      const log = await underTest.open(settings);
      try {
        await work(log);
      } finally {
        await log.close();
      }
    });
  };
  const habits = { ...USUAL_HABITS, ...underTest.habits };
  describe(title, { timeout: 60_000 }, () => {
    appendingContract(on, habits);
    readingContract(on);
    retentionContract(on, habits);
    closingContract(on);
  });
}

function closingContract(on: On): void {
  on("A closed log takes nothing more, and its readers end.", async (log) => {
    const reader = await log.read(VIEW, { from: 1 });
    const waiting = reader.next(10, 20_000);
    await clock.sleep(50);
    await log.close();
    assert.deepEqual(await waiting, []);
    await assert.rejects(log.append(VIEW, "k", bytes("x")), { code: "ABORTED" });
  });

  on("It says what it is.", async (log) => {
    const { kind, connected, warnings } = await log.describe();
    assert.ok(["memory", "jetstream", "kafka"].includes(kind));
    assert.equal(connected, true);
    assert.ok(Array.isArray(warnings));
  });
}
