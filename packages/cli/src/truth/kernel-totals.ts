import { readFileSync } from "node:fs";

/** What the kernel counts, read by code that shares nothing with the emitter's. */
export interface KernelTotals {
  /** CLOCK_MONOTONIC between the two readings, in nanoseconds. */
  readonly atNs: number;
  /** Pages on the per-CPU lists of all zones. */
  readonly pcpPages: number;
  readonly zones: readonly KernelZone[];
}

export interface KernelZone {
  readonly name: string;
  readonly first: number;
  readonly end: number;
  /** Free blocks by order, from /proc/buddyinfo. */
  readonly freeBlocks: readonly number[];
}

/** Reads /proc/zoneinfo and /proc/buddyinfo. Sources: zoneinfo_show_print and frag_show_print, mm/vmstat.c, Linux 6.18. */
export function readKernelTotals(): KernelTotals {
  const buddyinfo = readFileSync("/proc/buddyinfo", "utf8");
  const atNs = Number(process.hrtime.bigint());
  const zoneinfo = readFileSync("/proc/zoneinfo", "utf8");
  const zones: KernelZone[] = [];
  let pcpPages = 0;
  for (const text of zoneinfo.split(/^(?=Node \d+, zone)/m)) {
    for (const [, count] of text.matchAll(/^\s+count:\s+(\d+)$/gm)) pcpPages += Number(count);
    const title = /^(Node \d+, zone\s+\S+)/.exec(text)?.[1];
    const number = (name: string): number => Number(new RegExp(`^\\s+${name}:?\\s+(\\d+)$`, "m").exec(text)?.[1] ?? 0);
    if (title === undefined || number("spanned") === 0) continue;
    const first = number("start_pfn");
    const freeBlocks = blocksOf(buddyinfo, title);
    zones.push({ name: title.replace(/\s+/g, " "), first, end: first + number("spanned"), freeBlocks });
  }
  return { atNs, pcpPages, zones };
}

/** The two files pad the zone's name alike: "Node 0, zone   Normal". */
function blocksOf(buddyinfo: string, title: string): number[] {
  const line = buddyinfo.split("\n").find((candidate) => candidate.startsWith(`${title} `)) ?? title;
  return line.slice(title.length).trim().split(/\s+/).map(Number);
}

/** Free frames as the largest aligned blocks of a zone, as the allocator joins them. */
export function joinedBlocks(isFree: (pfn: number) => boolean, zone: KernelZone): number[] {
  const orders = zone.freeBlocks.length;
  const blocks = new Array<number>(orders).fill(0);
  for (let pfn = zone.first; pfn < zone.end; ) {
    let free = 0;
    while (pfn + free < zone.end && isFree(pfn + free)) free++;
    const end = pfn + free;
    while (pfn < end) {
      let order = 0;
      while (order + 1 < orders && pfn % 2 ** (order + 1) === 0 && pfn + 2 ** (order + 1) <= end) order++;
      blocks[order]!++;
      pfn += 2 ** order;
    }
    pfn++;
  }
  return blocks;
}
