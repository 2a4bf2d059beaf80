/** Durations and sizes as people write them: 5ms, 1m, 1m30s, 100MiB. */
import type { SignalUnit } from "@farmscope/domain";

const US_BY_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-3,
  us: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
};
const BYTES_BY_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** For the published schema: one number with its unit, or several. */
export const DURATION_PATTERN = "^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d))+$";
const SIZE_PATTERN = /^(-?[0-9]+(?:\.[0-9]+)?)(B|kB|MB|GB|KiB|MiB|GiB|TiB)$/;

/** What a unit's values look like, for messages. */
export const QUANTITY_EXAMPLES: Readonly<Record<SignalUnit, string>> = {
  ratio: "a number such as 0.6",
  microseconds: "a duration such as 5ms, 30s or 1m",
  bytes: "a size such as 100MiB",
  count: "a number such as 3",
};

/** Microseconds of a duration; null when it is none. */
export function parseDurationUs(text: string): number | null {
  if (!new RegExp(DURATION_PATTERN).test(text)) return null;
  let durationUs = 0;
  for (const [, number, unit] of text.matchAll(/([0-9.]+)([a-z]+)/g)) durationUs += Number(number) * US_BY_UNIT[unit!]!;
  return durationUs;
}

/** Whole milliseconds of a duration; null when it is none, or not whole. */
export function parseDurationMs(text: string): number | null {
  const durationUs = parseDurationUs(text);
  return durationUs === null || durationUs % 1000 !== 0 ? null : durationUs / 1000;
}

/** Bytes of a size; null when it is none. */
export function parseBytes(text: string): number | null {
  const match = SIZE_PATTERN.exec(text);
  return match === null ? null : Number(match[1]) * BYTES_BY_UNIT[match[2]!]!;
}

/**
 * A threshold in the base unit of its signal: ratios and counts are bare numbers, durations and sizes always have a unit, so that
 * nobody wonders whether 5 meant milliseconds.
 * @returns null when it is not written in that unit.
 */
export function parseQuantity(written: string | number, unit: SignalUnit): number | null {
  if (unit === "ratio" || unit === "count") return typeof written === "number" ? written : null;
  if (typeof written === "number") return null;
  return unit === "microseconds" ? parseDurationUs(written) : parseBytes(written);
}
