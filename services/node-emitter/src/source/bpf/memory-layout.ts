import { readFileSync } from "node:fs";

/** Frames [first, end). */
export interface FrameRange {
  readonly first: number;
  readonly end: number;
}

/** A memory zone with pages of its own, as /proc/zoneinfo shows it; counts in frames. */
export interface ZoneInfo {
  readonly name: string;
  readonly numaNode: number;
  readonly startPfn: number;
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  /** On the lists of all CPUs together. */
  readonly pcpPages: number;
  /** Frames at or above are not initialised yet; 0 when all are. */
  readonly frontierPfn: number;
}

/**
 * Managed frames, as a share of those present, below which a zone counts as not yet initialised to its end. (Memory that
 * the kernel keeps for itself is managed no more either, but that is a few per cent.)
 */
const INITIALISED_SHARE = 0.9;

/** The zones that span memory, of the text of /proc/zoneinfo. Source: zoneinfo_show_print, mm/vmstat.c, Linux 6.18. */
export function parseZoneinfo(text: string): ZoneInfo[] {
  return text
    .split(/^(?=Node \d+, zone)/m)
    .map(parseZone)
    .filter((zone) => zone !== null)
    .filter((zone) => zone.spanned > 0);
}

function parseZone(text: string): ZoneInfo | null {
  const title = /^Node (\d+), zone +(\S+)/.exec(text);
  if (title === null) return null;
  const field = (name: string): number => Number(new RegExp(`^ +${name}:? +(\\d+)`, "m").exec(text)?.[1] ?? 0);
  const place = {
    startPfn: field("start_pfn"),
    spanned: field("spanned"),
    present: field("present"),
    managed: field("managed"),
  };
  const pcpPages = [...text.matchAll(/^ +count: +(\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  return { name: title[2], numaNode: Number(title[1]), ...place, pcpPages, frontierPfn: frontierOf(place) };
}

/** A zone that is initialised lazily (deferred_init_memmap, mm/mm_init.c) grows from its start, without holes. */
function frontierOf({
  startPfn,
  spanned,
  present,
  managed,
}: Omit<ZoneInfo, "name" | "numaNode" | "pcpPages" | "frontierPfn">): number {
  const lazy = spanned === present && managed < INITIALISED_SHARE * present;
  return lazy ? startPfn + managed : 0;
}

/** The ranges of "System RAM" in the text of /proc/iomem, whole frames only. Empty when it hides its addresses. */
export function parseIomem(text: string, pageBytes: number): FrameRange[] {
  const ranges: FrameRange[] = [];
  for (const [, first, last] of text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) : System RAM$/gm)) {
    const range = {
      first: Math.ceil(Number.parseInt(first, 16) / pageBytes),
      end: Math.floor((Number.parseInt(last, 16) + 1) / pageBytes),
    };
    if (range.end > range.first) ranges.push(range);
  }
  return ranges;
}

/** Free blocks by order, from 0, for each "node/zone" in the text of /proc/buddyinfo. */
export function parseBuddyinfo(text: string): ReadonlyMap<string, readonly number[]> {
  const blocks = new Map<string, readonly number[]>();
  for (const [, node, zone, counts] of text.matchAll(/^Node (\d+), zone +(\S+) +(.*?) *$/gm)) {
    blocks.set(`${node}/${zone}`, counts.split(/ +/).map(Number));
  }
  return blocks;
}

/** The ranges that hold memory which can be read about: RAM, without what a zone has not initialised yet. */
export function readableRanges(ram: readonly FrameRange[], zones: readonly ZoneInfo[]): FrameRange[] {
  let ranges = [...ram];
  for (const { frontierPfn, startPfn, spanned } of zones) {
    if (frontierPfn > 0) ranges = ranges.flatMap((range) => without(range, frontierPfn, startPfn + spanned));
  }
  return ranges;
}

function without({ first, end }: FrameRange, hiddenFirst: number, hiddenEnd: number): FrameRange[] {
  const parts = [
    { first, end: Math.min(end, hiddenFirst) },
    { first: Math.max(first, hiddenEnd), end },
  ];
  return parts.filter((part) => part.end > part.first);
}

/** The frames that became readable when a zone's managed pages grew; null when it did not grow from its start. */
export function grownRange(before: ZoneInfo, after: ZoneInfo): FrameRange | null {
  if (after.managed <= before.managed || after.startPfn !== before.startPfn) return null;
  if (after.spanned !== after.present) return null;
  const first = before.frontierPfn > 0 ? before.frontierPfn : after.startPfn + before.managed;
  const end = after.frontierPfn > 0 ? after.frontierPfn : after.startPfn + after.spanned;
  return end > first ? { first, end } : null;
}

export const readZones = (): ZoneInfo[] => parseZoneinfo(readFileSync("/proc/zoneinfo", "utf8"));
export const readRam = (pageBytes: number): FrameRange[] => parseIomem(readFileSync("/proc/iomem", "utf8"), pageBytes);
export const readFreeBlocks = (): ReadonlyMap<string, readonly number[]> =>
  parseBuddyinfo(readFileSync("/proc/buddyinfo", "utf8"));
