import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ruleFixture, valueReading, WINDOW_MS } from "./fixtures.ts";
import {
  type AlertState,
  decide,
  eventOf,
  evolve,
  INACTIVE,
  type LifecycleEvent,
  oldestTallied,
  type TimedReading,
  tally,
} from "./lifecycle.ts";
import { insufficient, type Reading } from "./reading.ts";
import type { Rule } from "./rule.ts";

const seed = Number(process.env["FARMSCOPE_TEST_SEED"] ?? 20_261_122);
const KEY = "FarmFragmented{farm=default}";

const anyReading: fc.Arbitrary<Reading> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0.3, 0.5, 0.55, 0.6, 0.7, 0.8, 0.82, 0.85, 0.95).map(valueReading) },
  { weight: 1, arbitrary: fc.constantFrom(insufficient("NoData"), insufficient("InstanceAbsent")) },
);
/** Single readings, and rows that are long enough for an instance to count as gone. */
const anyReadings = (maxLength: number) =>
  fc
    .array(
      fc.oneof(
        { weight: 12, arbitrary: anyReading.map((reading) => [reading]) },
        { weight: 1, arbitrary: fc.nat(70).map((count) => Array<Reading>(count).fill(insufficient("InstanceAbsent"))) },
      ),
      { maxLength },
    )
    .map((rows) => rows.flat());
const anyKeeping = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map((count) => ({ kind: "samples" as const, count })),
  fc.integer({ min: 0, max: 3 }).map((windows) => ({ kind: "duration" as const, ms: windows * WINDOW_MS })),
);
const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    hold: fc.oneof(
      fc.integer({ min: 1, max: 4 }).map((count) => ({ kind: "samples" as const, count })),
      fc.integer({ min: 0, max: 4 }).map((windows) => ({ kind: "duration" as const, ms: windows * WINDOW_MS })),
    ),
    keepFiring: anyKeeping,
    onInsufficientData: fc.constantFrom("hold" as const, "fire" as const, "resolve" as const),
  })
  .map(ruleFixture);

function timed(reading: Reading, at: number): TimedReading {
  return { reading, windowStartMs: at * WINDOW_MS, windowEndMs: (at + 1) * WINDOW_MS, position: at + 1 };
}

function walk(rule: Rule, from: AlertState, samples: readonly TimedReading[]): [LifecycleEvent[], AlertState] {
  const events: LifecycleEvent[] = [];
  let state = from;
  for (const sample of samples) {
    state = tally(rule, state, sample);
    const event = eventOf(KEY, state, decide(rule, state, sample), sample);
    if (event === null) continue;
    events.push(event);
    state = evolve(state, event);
  }
  return [events, state];
}

test("A restart at any sample, from the events and the samples since the oldest needed, changes no later event", () => {
  fc.assert(
    fc.property(anyRule, anyReadings(40), fc.nat(100), (rule, readings, cut) => {
      const samples = readings.map(timed);
      const [expected] = walk(rule, INACTIVE, samples);
      const before = samples.slice(0, cut);
      const [events, atCut] = walk(rule, INACTIVE, before);
      const resume = oldestTallied(rule, atCut) ?? before.length + 1;
      const folded = events.reduce(evolve, INACTIVE);
      const restored = before.slice(resume - 1).reduce((state, sample) => tally(rule, state, sample), folded);
      const [later] = walk(rule, restored, samples.slice(cut));
      assert.deepEqual([...events, ...later], expected);
    }),
    { seed, numRuns: 1000 },
  );
});

test("Events of an alert always form whole incidents: nothing resolves that did not fire, nothing fires twice", () => {
  const allowed: Record<string, readonly string[]> = {
    inactive: ["pending", "firing"],
    pending: ["firing", "cancelled"],
    firing: ["escalated", "deescalated", "resolved"],
  };
  fc.assert(
    fc.property(anyRule, anyReadings(60), (rule, readings) => {
      const [events] = walk(rule, INACTIVE, readings.map(timed));
      let state = INACTIVE;
      for (const event of events) {
        assert.ok(allowed[state.phase]!.includes(event.transition), `${event.transition} while ${state.phase}`);
        if (event.transition === "escalated") assert.equal(state.severity, "warning");
        if (event.transition === "deescalated") assert.equal(state.severity, "critical");
        if (state.phase === "firing") assert.equal(event.incident, state.incident);
        state = evolve(state, event);
      }
    }),
    { seed, numRuns: 1000 },
  );
});
