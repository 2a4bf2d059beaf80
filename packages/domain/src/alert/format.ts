/** How numbers are written for people: short, with a unit, always the same for the same number. */

/** Up to four significant digits: "0.6213", "12.5", "48200". "unknown" when it is not a number. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "unknown";
  if (!Number.isFinite(value)) return value > 0 ? "unbounded" : "-unbounded";
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}

/** A ratio as per cent, with one decimal place at most: 0.625 is "62.5%". */
export function formatPercent(ratio: number): string {
  if (!Number.isFinite(ratio)) return formatNumber(ratio);
  return `${Number((ratio * 100).toFixed(1))}%`;
}

/** Microseconds in the unit that suits: "850 us", "5.2 ms", "1.5 s", "2.5 min". */
export function formatDurationUs(durationUs: number): string {
  if (!Number.isFinite(durationUs)) return formatNumber(durationUs);
  const size = Math.abs(durationUs);
  if (size < 1e3) return `${digits(durationUs)} us`;
  if (size < 1e6) return `${digits(durationUs / 1e3)} ms`;
  if (size < 60e6) return `${digits(durationUs / 1e6)} s`;
  return `${digits(durationUs / 60e6)} min`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes in powers of 1,024: "100 MiB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return formatNumber(bytes);
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${digits(value)} ${BYTE_UNITS[unit]}`;
}

function digits(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
