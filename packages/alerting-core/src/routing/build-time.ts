/** From time intervals as they are written to those of packages/domain. */
import type { Range, TimeInterval, TimeSpan } from "@farmscope/domain";
import type { RulesDocument } from "../rules/document.ts";
import type { FaultPath } from "../rules/faults.ts";
import type { RoutingSource, TimeSpanSource } from "./schema.ts";
import { isZone } from "./zone-offset.ts";

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** Reads one end of a range. @returns null when it is none. */
type ReadEnd = (written: string) => number | null;

export function buildTimeIntervals(
  document: RulesDocument,
  sources: RoutingSource["time_intervals"] = [],
): ReadonlyMap<string, TimeInterval> {
  const intervals = new Map<string, TimeInterval>();
  sources.forEach(({ name, time_intervals: spans }, at) => {
    const path = ["time_intervals", at];
    if (intervals.has(name)) document.report([...path, "name"], `${name} is the name of another interval`);
    const build = (span: TimeSpanSource, spanAt: number) =>
      buildSpan(document, [...path, "time_intervals", spanAt], span);
    intervals.set(name, { name, spans: spans.map(build) });
  });
  return intervals;
}

function buildSpan(document: RulesDocument, path: FaultPath, span: TimeSpanSource): TimeSpan {
  const zone = span.location ?? "UTC";
  if (!isZone(zone)) document.report([...path, "location"], `must be a time zone such as Europe/Berlin, not ${zone}`);
  const ranges = (key: "weekdays" | "days_of_month" | "months" | "years", read: ReadEnd) =>
    span[key]?.map((written, at) => buildRange(document, [...path, key, at], String(written), read)) ?? null;
  return {
    minutes: span.times?.map((times, at) => buildMinutes(document, [...path, "times", at], times)) ?? null,
    weekdays: ranges("weekdays", named(WEEKDAYS, 0)),
    daysOfMonth: ranges("days_of_month", within(-31, 31)),
    months: ranges("months", (written) => named(MONTHS, 1)(written) ?? within(1, 12)(written)),
    years: ranges("years", within(1970, 9999)),
    zone,
  };
}

function buildMinutes(
  document: RulesDocument,
  path: FaultPath,
  { start_time, end_time }: { readonly start_time: string; readonly end_time: string },
): Range {
  const [from, to] = [minuteOf(start_time), minuteOf(end_time)];
  if (from >= to) document.report([...path, "end_time"], "must be after start_time; a night is two spans");
  return { from, to };
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

function buildRange(document: RulesDocument, path: FaultPath, written: string, read: ReadEnd): Range {
  const [first = "", last = first, ...rest] = written.toLowerCase().split(":");
  const [from, to] = [read(first.trim()), read(last.trim())];
  if (from === null || to === null || rest.length > 0) {
    document.report(path, `must be a value or a range such as 1:5 or monday:friday, not ${document.shown(path)}`);
    return { from: 0, to: 0 };
  }
  if (from > to && Math.sign(from) === Math.sign(to)) document.report(path, "must not end before it begins");
  return { from, to };
}

function named(names: readonly string[], first: number): ReadEnd {
  return (written) => (names.includes(written) ? names.indexOf(written) + first : null);
}

/** Zero is no day of any month. */
function within(min: number, max: number): ReadEnd {
  return (written) => {
    const value = /^-?[0-9]{1,4}$/.test(written) ? Number(written) : 0;
    return value !== 0 && value >= min && value <= max ? value : null;
  };
}
