/** Calendar fields of a moment in a time zone, without any clock. */

/** By how much a zone's wall clocks are ahead of UTC at a moment, in milliseconds. Knows the zone database; injected. */
export type ZoneOffset = (zone: string, atMs: number) => number;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** Days of this month. */
  readonly daysInMonth: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Minutes since midnight, 0 to 1439. */
  readonly minute: number;
}

/** Calendar fields of Unix milliseconds that a zone's offset was added to. */
export function civilTimeOf(localMs: number): CivilTime {
  const days = Math.floor(localMs / DAY_MS);
  const { year, month, day } = civilOfDays(days);
  const nextMonth = month === 12 ? daysOfCivil(year + 1, 1, 1) : daysOfCivil(year, month + 1, 1);
  return {
    year,
    month,
    day,
    daysInMonth: nextMonth - daysOfCivil(year, month, 1),
    // 1970-01-01 was a Thursday.
    weekday: (((days + 4) % 7) + 7) % 7,
    minute: Math.floor((localMs - days * DAY_MS) / MINUTE_MS),
  };
}

/**
 * Days from 1970-01-01 to a date of the Gregorian calendar.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
 */
export function daysOfCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The date of days since 1970-01-01. Source: as {@link daysOfCivil}, civil_from_days. */
export function civilOfDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1;
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
