import { WINDOW_MS } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import { POINTS_DEFAULT, POINTS_MAX } from "./limits.ts";
import { RequestInvalid } from "./problems.ts";

/** The period of a series: points start at multiples of the step. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

const PERIOD_MS_DEFAULT = 15 * 60_000;
const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Unix milliseconds of "RFC 3339 or epoch milliseconds"; null when it is no time. */
export function parseTime(text: string): number | null {
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}

/** Milliseconds of "60000", "10s", "1m"; null when it is no length of time. */
export function parseStep(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * UNITS_MS[(match[2] ?? "ms") as keyof typeof UNITS_MS];
}

/** RFC 3339 in UTC, as `at` has it. */
export function rfc3339(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/**
 * The two ends of what is asked of the raw log, which has no steps.
 * @param lengthMs how long before `to` it begins, when nothing else is said.
 * @throws {OperatingError} REQUEST_INVALID with every fault.
 */
export function spanOfTimes(
  query: { from?: string; to?: string },
  lengthMs: number,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const faults: { field: string; message: string }[] = [];
  const read = (field: "from" | "to", otherwise: number): number => {
    const text = query[field];
    const value = text === undefined ? otherwise : parseTime(text);
    if (value === null) faults.push({ field, message: "is not understood" });
    return value ?? otherwise;
  };
  const toMs = read("to", nowMs);
  const fromMs = read("from", toMs - lengthMs);
  if (faults.length === 0 && fromMs >= toMs) faults.push({ field: "from", message: "must be before `to`" });
  if (faults.length > 0) throw new RequestInvalid(faults);
  return { fromMs, toMs };
}

/**
 * The period asked for, its ends rounded down and up to whole steps.
 * @throws {OperatingError} REQUEST_INVALID with every fault; QUERY_TOO_LARGE.
 */
export function periodOf(query: { from?: string; to?: string; step?: string }, nowMs: number): Period {
  const faults: { field: string; message: string }[] = [];
  const read = (field: "from" | "to" | "step", parse: (text: string) => number | null, otherwise: number): number => {
    const text = query[field];
    if (text === undefined) return otherwise;
    const value = parse(text);
    if (value === null) faults.push({ field, message: "is not understood" });
    return value ?? otherwise;
  };
  const toMs = read("to", parseTime, nowMs);
  const fromMs = read("from", parseTime, toMs - PERIOD_MS_DEFAULT);
  const stepMs = read("step", parseStep, defaultStep(toMs - fromMs));
  if (fromMs >= toMs) faults.push({ field: "from", message: "must be before `to`" });
  if (stepMs <= 0 || stepMs % WINDOW_MS !== 0)
    faults.push({ field: "step", message: `must be a multiple of ${WINDOW_MS} ms` });
  if (faults.length > 0) throw new RequestInvalid(faults);
  return bounded({
    fromMs: Math.floor(fromMs / stepMs) * stepMs,
    toMs: Math.ceil(toMs / stepMs) * stepMs,
    stepMs,
  });
}

function defaultStep(lengthMs: number): number {
  return Math.max(1, Math.ceil(lengthMs / POINTS_DEFAULT / WINDOW_MS)) * WINDOW_MS;
}

function bounded(period: Period): Period {
  const points = (period.toMs - period.fromMs) / period.stepMs;
  if (points <= POINTS_MAX) return period;
  throw new OperatingError("QUERY_TOO_LARGE", `${points} points; at most ${POINTS_MAX} are answered`, {
    remedy: "ask for a longer step or a shorter period",
  });
}
