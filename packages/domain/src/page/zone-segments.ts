import type { ZoneMap } from "./zone-map.ts";

/** Where a memory zone lies; as Zone in proto/farmscope/event/v1/event.proto. */
export interface ZonePlace {
  readonly name: string;
  readonly numaNode: number;
  readonly startPfn: number;
  /** Frames from the first to behind the last, holes included; 0 for a zone without memory. */
  readonly spanned: number;
}

/** Frames [first, end) that belong to one zone. */
export interface ZoneSegment {
  readonly first: number;
  readonly end: number;
  readonly zone: ZoneMap;
  /** Number of the zone among those of the host. */
  readonly zoneIndex: number;
}

/**
 * Cuts the frames into segments, in rising order. On hosts whose NUMA nodes interleave, the span of one zone encloses
 * frames of another: there the shorter span owns.
 * @param zones the maps of the zones at `places`.
 */
export function segmentsOf(places: readonly ZonePlace[], zones: readonly ZoneMap[]): ZoneSegment[] {
  const ends = places.flatMap(({ startPfn, spanned }) => [startPfn, startPfn + spanned]);
  const bounds = [...new Set(ends)].sort((a, b) => a - b);
  const segments: ZoneSegment[] = [];
  for (let at = 0; at + 1 < bounds.length; at++) {
    const first = bounds[at];
    const zoneIndex = ownerOf(first, places);
    if (zoneIndex < 0) continue;
    const last = segments.at(-1);
    if (last !== undefined && last.end === first && last.zoneIndex === zoneIndex) {
      segments[segments.length - 1] = { ...last, end: bounds[at + 1] };
    } else {
      segments.push({ first, end: bounds[at + 1], zone: zones[zoneIndex], zoneIndex });
    }
  }
  return segments;
}

function ownerOf(pfn: number, places: readonly ZonePlace[]): number {
  let owner = -1;
  places.forEach(({ startPfn, spanned }, index) => {
    if (pfn < startPfn || pfn >= startPfn + spanned) return;
    if (owner < 0 || spanned < places[owner].spanned) owner = index;
  });
  return owner;
}
