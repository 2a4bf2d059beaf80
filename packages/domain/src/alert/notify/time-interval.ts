/**
 * Named times at which routes speak or keep quiet, with Alertmanager's meaning: each part of a span must match, a part
 * that is not given always does; an interval matches when any of its spans does. Minutes are the smallest unit.
 */
import { type CivilTime, civilTimeOf, type ZoneOffset } from "./civil-time.ts";

/** From and to, both included, but for minutes: there the end is not. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface TimeSpan {
  /** Minutes of the day, [from, to); 1440 is midnight at its end. */
  readonly minutes: readonly Range[] | null;
  /** 0 is Sunday. */
  readonly weekdays: readonly Range[] | null;
  /** Negative ones count from the end of the month: -1 is its last day. */
  readonly daysOfMonth: readonly Range[] | null;
  readonly months: readonly Range[] | null;
  readonly years: readonly Range[] | null;
  /** IANA name of the zone in which all of this is meant. */
  readonly zone: string;
}

export interface TimeInterval {
  readonly name: string;
  readonly spans: readonly TimeSpan[];
}

const MINUTE_MS = 60_000;

export function isWithin(interval: TimeInterval, atMs: number, zoneOffset: ZoneOffset): boolean {
  return interval.spans.some((span) => isInSpan(span, civilTimeOf(atMs + zoneOffset(span.zone, atMs))));
}

/** The next moment at which an interval may begin or end: the start of the next minute. */
export function nextMinuteMs(atMs: number): number {
  return (Math.floor(atMs / MINUTE_MS) + 1) * MINUTE_MS;
}

function isInSpan(span: TimeSpan, time: CivilTime): boolean {
  const holds = (ranges: readonly Range[] | null, value: number): boolean =>
    ranges === null || ranges.some(({ from, to }) => from <= value && value <= to);
  return (
    (span.minutes === null || span.minutes.some(({ from, to }) => from <= time.minute && time.minute < to)) &&
    holds(span.weekdays, time.weekday) &&
    holds(span.months, time.month) &&
    holds(span.years, time.year) &&
    (span.daysOfMonth === null || span.daysOfMonth.some((range) => isDayInRange(range, time)))
  );
}

/** A range that reaches beyond the month ends with it. */
function isDayInRange({ from, to }: Range, { day, daysInMonth }: CivilTime): boolean {
  const counted = (value: number): number => (value < 0 ? daysInMonth + 1 + value : value);
  return counted(from) <= day && day <= counted(to);
}
