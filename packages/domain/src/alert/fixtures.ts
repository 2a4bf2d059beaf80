/** Rules and windows for tests of alerting, small and complete. */
import { create, FarmWindowSchema } from "@farmscope/proto";
import type { Reading } from "./reading.ts";
import type { Rule, Threshold } from "./rule.ts";
import { type ClosedWindow, closedWindowOf } from "./window-history.ts";

export const WINDOW_MS = 10_000;

export function thresholdFixture(threshold: Partial<Threshold>): Threshold {
  return { above: null, below: null, clearBelow: null, clearAbove: null, ...threshold };
}

/** FarmFragmented of DESIGN 10: warning from 0.6 to 0.5, critical from 0.85 to 0.8, three samples. */
export function ruleFixture(changes: Partial<Rule> = {}): Rule {
  return {
    name: "FarmFragmented",
    group: "memory",
    intervalMs: WINDOW_MS,
    signal: "unusable_free_space_index",
    measure: { kind: "value", order: "huge" },
    by: "farm",
    windowMs: WINDOW_MS,
    thresholds: {
      warning: thresholdFixture({ above: 0.6, clearBelow: 0.5 }),
      critical: thresholdFixture({ above: 0.85, clearBelow: 0.8 }),
    },
    floor: null,
    decideOn: "value",
    hold: { kind: "samples", count: 3 },
    keepFiring: { kind: "duration", ms: 0 },
    onInsufficientData: "hold",
    coverageMin: 0.5,
    labels: {},
    annotations: {},
    ...changes,
  };
}

export function valueReading(value: number): Reading {
  return { kind: "value", value, lower: value, upper: value, coverage: 1 };
}

/** The `index`-th closing record of a farm, counted from 0, at position index + 1. */
export function windowFixture(index: number, record: Partial<ClosedWindow["record"]> = {}): ClosedWindow {
  const whole = create(FarmWindowSchema, {
    farm: "default",
    widthMs: WINDOW_MS,
    startMs: BigInt(index * WINDOW_MS),
    hugeOrder: 9,
    managedPages: 1000n,
    coverage: 1,
  });
  const appendedAtMs = (index + 1) * WINDOW_MS + 2000;
  return closedWindowOf(Object.assign(whole, record), { position: index + 1, appendedAtMs });
}
