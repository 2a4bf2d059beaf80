import type { PageMapView } from "@farmscope/proto";
import { notFound, RequestInvalid } from "../problems.ts";

/** Frames [first, first + count). */
export interface FrameSpan {
  readonly first: number;
  readonly count: number;
}

/** The zones of a map. Several NUMA nodes may have zones of the same name. */
export function zonesOf(view: PageMapView) {
  return (view.facts?.zones ?? []).map(({ name, numaNode, startPfn, spanned, frontierPfn }) => {
    const count = Math.max(0, Math.min(startPfn + spanned, view.frames) - startPfn);
    const initialised = frontierPfn === 0 ? count : Math.max(0, Math.min(count, frontierPfn - startPfn));
    return { zone: name, numaNode, first: startPfn, count, initialised };
  });
}

/**
 * The frames that a request means: from the first to the last frame of its zone (of all NUMA nodes), cut by `first` and
 * `count`.
 * @throws {OperatingError} NOT_FOUND no such zone; REQUEST_INVALID when nothing is left.
 */
export function spanOf(
  view: PageMapView,
  query: { readonly zone?: string; readonly first?: number; readonly count?: number },
): FrameSpan {
  const zones = zonesOf(view).filter((zone) => zone.count > 0 && zone.zone === query.zone);
  if (query.zone !== undefined && zones.length === 0) throw notFound("zone", query.zone);
  const low = query.zone === undefined ? 0 : Math.min(...zones.map((zone) => zone.first));
  const high = query.zone === undefined ? view.frames : Math.max(...zones.map((zone) => zone.first + zone.count));
  const first = Math.max(low, query.first ?? low);
  const end = Math.min(high, query.count === undefined ? high : first + query.count);
  if (end > first) return { first, count: end - first };
  throw new RequestInvalid([{ field: "first", message: `no frames there: they are ${low} to ${high - 1}` }]);
}
