/** Longest wait that another side may ask for, in milliseconds. */
export const RETRY_AFTER_MS_MAX = 3_600_000;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/**
 * The wait that a Retry-After header asks for, in milliseconds, within [0, RETRY_AFTER_MS_MAX]; null when there is none
 * or it cannot be read. Source: RFC 9110, section 10.2.3: seconds, or an HTTP date.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : untilMs(text, nowMs);
  return waitMs === null ? null : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, waitMs));
}

function untilMs(httpDate: string, nowMs: number): number | null {
  const match = IMF_FIXDATE.exec(httpDate);
  const month = match === null ? -1 : MONTHS.indexOf(match[2]!);
  if (match === null || month < 0) return null;
  const [day, year, hours, minutes, seconds] = [1, 3, 4, 5, 6].map((group) => Number(match[group]));
  const days = daysSinceEpoch(year!, month + 1, day!);
  return (((days * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000 - nowMs;
}

/**
 * Days from 1970-01-01 to a date of the Gregorian calendar.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
