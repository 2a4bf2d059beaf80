/** Values of a test's series as people write them: "0.7x3 0.4 _ 0.5..0.9x5 -". */
import type { SignalUnit } from "@farmscope/domain";
import { parseQuantity } from "../rules/quantity.ts";

/** A value; a window in which nothing was seen; a window in which the instance was not there. */
export type SeriesPoint = number | "unknown" | "absent";

/** Most points of a series: a day of the smallest windows. */
export const POINTS_MAX = 8640;

const TOKEN = /^(?:(_)|(-)|([^x]+?)(?:\.\.([^x]+))?)(?:x([0-9]{1,5}))?$/;

/** @returns the points, or what is wrong. */
export function parseSeries(text: string, unit: SignalUnit): readonly SeriesPoint[] | string {
  const points: SeriesPoint[] = [];
  for (const token of text.split(/\s+/).filter((part) => part !== "")) {
    const parsed = parseToken(token, unit);
    if (parsed === null) return `has '${token}', which is no value, '_', '-', nor one of them repeated as in 0.7x3`;
    points.push(...parsed);
    if (points.length > POINTS_MAX) return `has more than ${POINTS_MAX} points`;
  }
  return points.length === 0 ? "has no points" : points;
}

function parseToken(token: string, unit: SignalUnit): SeriesPoint[] | null {
  const match = TOKEN.exec(token);
  if (match === null) return null;
  const [, unknown, absent, from, to, times] = match;
  const count = times === undefined ? 1 : Number(times);
  if (count > POINTS_MAX) return null;
  if (unknown !== undefined) return Array<SeriesPoint>(count).fill("unknown");
  if (absent !== undefined) return Array<SeriesPoint>(count).fill("absent");
  const first = quantityOf(from!, unit);
  const last = to === undefined ? first : quantityOf(to, unit);
  if (first === null || last === null) return null;
  return Array.from({ length: count }, (_, at) => first + ((last - first) * at) / Math.max(1, count - 1));
}

function quantityOf(text: string, unit: SignalUnit): number | null {
  const bare = Number(text);
  const written = Number.isNaN(bare) || text === "" ? text : bare;
  // Nothing is nothing in any unit.
  return written === 0 ? 0 : parseQuantity(written, unit);
}
