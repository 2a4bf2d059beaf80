/** Numbers as people read them. */
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

/** What stands where there is no value. */
export const NOTHING = "–";

export const formatCount = (value: number): string => compact.format(value);
export const formatWhole = (value: number): string => whole.format(value);

/** A share of 0..1 in percent. */
export const formatShare = (share: number): string => `${decimal.format(share * 100)} %`;

/** A share that should be 1: more digits the closer it is to that, so that four nines are seen as such. */
export function formatNines(share: number): string {
  if (share > 0.99 && share < 1) return `${(Math.floor(share * 1e6) / 1e4).toFixed(4)} %`;
  return formatShare(share);
}

/** Microseconds with the unit that fits, to three digits. */
export function formatUs(us: number): string {
  if (us < 1_000) return `${three.format(us)} µs`;
  if (us < 1_000_000) return `${three.format(us / 1_000)} ms`;
  return `${three.format(us / 1_000_000)} s`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${decimal.format(value)} ${units[unit]}`;
}

/** A length of time in its largest unit: "45 s", "12 min", "3.4 h". */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${decimal.format(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${decimal.format(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${decimal.format(ms / 3_600_000)} h`;
  return `${decimal.format(ms / 86_400_000)} d`;
}

export const formatTime = (ms: number): string => new Date(ms).toLocaleTimeString("en-GB");

/** Date and time; the date only when it is not today's. */
export function formatMoment(ms: number, nowMs = Date.now()): string {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date(nowMs).toDateString();
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return isToday ? formatTime(ms) : `${day} ${formatTime(ms)}`;
}

/** A value or the sign for none. */
export function orNothing<T>(value: T | null | undefined, format: (value: T) => string): string {
  return value === null || value === undefined ? NOTHING : format(value);
}
