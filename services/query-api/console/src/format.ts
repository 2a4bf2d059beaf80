/** Numbers as people read them. */
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const formatCount = (value: number): string => compact.format(value);

/** A share of 0..1 in percent; more digits the closer it is to 1, so that four nines are seen as such. */
export function formatShare(share: number): string {
  if (share > 0.99 && share < 1) return `${(Math.floor(share * 1e6) / 1e4).toFixed(4)} %`;
  return `${decimal.format(share * 100)} %`;
}

/** Microseconds with the unit that fits. */
export function formatUs(us: number): string {
  if (us < 1_000) return `${decimal.format(us)} µs`;
  if (us < 1_000_000) return `${decimal.format(us / 1_000)} ms`;
  return `${decimal.format(us / 1_000_000)} s`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${decimal.format(value)} ${units[unit]}`;
}

export const formatTime = (ms: number): string => new Date(ms).toLocaleTimeString("en-GB");
