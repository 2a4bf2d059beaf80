import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleFixture, thresholdFixture, valueReading, WINDOW_MS } from "./fixtures.ts";
import { type AlertState, decide, eventOf, evolve, INACTIVE, oldestTallied, tally } from "./lifecycle.ts";
import { insufficient } from "./reading.ts";
import type { Rule } from "./rule.ts";

const KEY = "FarmFragmented{farm=default}";
type Step = number | "none";

/** Walks a rule over one value a window and writes down "transition severity reason", or just the reason. */
function timeline(rule: Rule, steps: readonly Step[], from: AlertState = INACTIVE, first = 0): [string[], AlertState] {
  let state = from;
  const lines = steps.map((step, at) => {
    const windowStartMs = (first + at) * WINDOW_MS;
    const reading = step === "none" ? insufficient("NoData") : valueReading(step);
    const timed = { reading, windowStartMs, windowEndMs: windowStartMs + WINDOW_MS, position: first + at + 1 };
    state = tally(rule, state, timed);
    const decision = decide(rule, state, timed);
    const event = eventOf(KEY, state, decision, timed);
    if (event === null) return decision.reason;
    state = evolve(state, event);
    return `${decision.transition} ${decision.severity ?? "-"} ${decision.reason}`;
  });
  return [lines, state];
}

const reasons = (rule: Rule, steps: readonly Step[]): string[] => timeline(rule, steps)[0];
const atOnce = (changes: Partial<Rule> = {}): Rule => ruleFixture({ hold: { kind: "samples", count: 1 }, ...changes });

test("An alert is pending at the first breach, fires at the third in a row and resolves at its clearing value", () => {
  assert.deepEqual(reasons(ruleFixture(), [0.2, 0.6, 0.7, 0.7, 0.55, 0.5, 0.5]), [
    "Quiet",
    "pending warning ThresholdReached",
    "NotHeldYet",
    "firing warning HeldLongEnough",
    "NotClearedYet",
    "resolved warning Cleared",
    "Quiet",
  ]);
});

test("A breach that ends early cancels the pending alert, and counting starts anew", () => {
  assert.deepEqual(reasons(ruleFixture(), [0.7, 0.7, 0.59, 0.7, 0.7, 0.7]), [
    "pending warning ThresholdReached",
    "NotHeldYet",
    "cancelled - ClearedBeforeFiring",
    "pending warning ThresholdReached",
    "NotHeldYet",
    "firing warning HeldLongEnough",
  ]);
});

test("Severity rises after as many samples as firing takes, falls at once to a lower one that goes on, then resolves", () => {
  assert.deepEqual(reasons(ruleFixture(), [0.7, 0.7, 0.9, 0.9, 0.9, 0.82, 0.8, 0.55, 0.4]), [
    "pending warning ThresholdReached",
    "NotHeldYet",
    "firing warning HeldLongEnough",
    "StillReached",
    "escalated critical CriticalHeldLongEnough",
    "NotClearedYet",
    "deescalated warning CriticalCleared",
    "NotClearedYet",
    "resolved warning Cleared",
  ]);
});

test("An alert that is critical from the start fires critical, and may resolve past the lower severity at once", () => {
  assert.deepEqual(reasons(atOnce(), [0.9, 0.1]), ["firing critical FiredAtOnce", "resolved critical Cleared"]);
});

test("A rule with a critical threshold only never has a warning", () => {
  const rule = atOnce({ thresholds: { warning: null, critical: thresholdFixture({ above: 5000, clearBelow: 3000 }) } });
  assert.deepEqual(reasons(rule, [4999, 5000, 3001, 3000]), [
    "Quiet",
    "firing critical FiredAtOnce",
    "NotClearedYet",
    "resolved critical Cleared",
  ]);
});

test("Without a clearing value an alert ends just short of its threshold; `above` means that or more", () => {
  const rule = atOnce({ thresholds: { warning: thresholdFixture({ above: 1.3 }), critical: null } });
  assert.deepEqual(reasons(rule, [1.3, 1.3, 1.29]), [
    "firing warning FiredAtOnce",
    "StillReached",
    "resolved warning Cleared",
  ]);
});

test("A threshold with two sides fires on both, and the lower side is reached at that or less", () => {
  const rule = atOnce({
    thresholds: { warning: thresholdFixture({ above: 1.3 }), critical: thresholdFixture({ above: 1.5, below: 0.85 }) },
  });
  assert.deepEqual(reasons(rule, [1, 0.85, 0.86, 1.5, 1.4, 1.2]), [
    "Quiet",
    "firing critical FiredAtOnce",
    "resolved critical Cleared",
    "firing critical FiredAtOnce",
    "deescalated warning CriticalCleared",
    "resolved warning Cleared",
  ]);
});

test("A duration is counted in event time from the end of the first breaching window", () => {
  const rule = ruleFixture({ hold: { kind: "duration", ms: 20_000 } });
  assert.deepEqual(reasons(rule, [0.7, 0.7, 0.7]), [
    "pending warning ThresholdReached",
    "NotHeldYet",
    "firing warning HeldLongEnough",
  ]);
});

test("Insufficient data that holds changes nothing: neither the count nor a firing alert", () => {
  assert.deepEqual(reasons(ruleFixture(), [0.7, "none", 0.7, 0.7, "none", 0.4]), [
    "pending warning ThresholdReached",
    "InsufficientDataHeld",
    "NotHeldYet",
    "firing warning HeldLongEnough",
    "InsufficientDataHeld",
    "resolved warning Cleared",
  ]);
});

test("Insufficient data that fires counts as the lowest severity and lowers none", () => {
  assert.deepEqual(reasons(atOnce({ onInsufficientData: "fire" }), ["none", 0.9, "none", 0.1]), [
    "firing warning FiredAtOnce",
    "escalated critical CriticalHeldLongEnough",
    "NotClearedYet",
    "resolved critical Cleared",
  ]);
});

test("Insufficient data that resolves ends what is pending and what fires", () => {
  const rule = ruleFixture({ onInsufficientData: "resolve", hold: { kind: "samples", count: 2 } });
  assert.deepEqual(reasons(rule, [0.7, "none", 0.7, 0.7, "none", "none"]), [
    "pending warning ThresholdReached",
    "cancelled - ClearedBeforeFiring",
    "pending warning ThresholdReached",
    "firing warning HeldLongEnough",
    "resolved warning InsufficientDataResolves",
    "Quiet",
  ]);
});

test("An incident is named by the window that fired it and keeps its name and beginning until it resolves", () => {
  const [, firing] = timeline(ruleFixture(), [0.7, 0.7, 0.7, 0.9, 0.9, 0.9]);
  assert.equal(firing.incident, `${KEY}@20000`);
  assert.equal(firing.sinceMs, 10_000);
  assert.equal(firing.severity, "critical");
});

test("A position is decided once, however often its record is read", () => {
  const rule = atOnce();
  const [, firing] = timeline(rule, [0.9]);
  const [lines, again] = timeline(rule, [0.9], firing);
  assert.deepEqual(lines, ["AlreadyDecided"]);
  assert.deepEqual(again, firing);
});

test("Streaks that still decide something name the oldest position they need; settled ones need none", () => {
  const rule = ruleFixture();
  const [, pending] = timeline(rule, [0.1, 0.7, 0.7]);
  assert.equal(oldestTallied(rule, pending), 2);
  const [, firing] = timeline(rule, [0.1, 0.7, 0.7, 0.7]);
  assert.equal(oldestTallied(rule, firing), null);
});
