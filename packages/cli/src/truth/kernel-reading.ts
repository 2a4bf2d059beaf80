import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/**
 * A reading of the kernel's own page frames by code that shares nothing with the observation reader of the emitter: it
 * is the judge of the rebuilt map.
 */
export interface KernelReading {
  /** Frames from 0 that were read. */
  readonly frames: number;
  /** One byte a frame: 1 when the frame lies in a free block of the buddy allocator (KPF_BUDDY). */
  readonly free: Uint8Array;
  /** One byte a frame: 1 when the frame is memory that the kernel manages (RAM, initialised). */
  readonly managed: Uint8Array;
  /** Start and end of the read of each chunk of {@link CHUNK_FRAMES}, in nanoseconds of CLOCK_MONOTONIC. */
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
}

/** Frames per read: what is read in one call has one pair of times. */
export const CHUNK_FRAMES = 4096;

/** Bytes of one entry of /proc/kpageflags. Source: Documentation/admin-guide/mm/pagemap.rst, Linux 6.18. */
const ENTRY_BYTES = 8;
/** KPF_BUDDY is bit 10, so bit 2 of an entry's second byte. Source: include/uapi/linux/kernel-page-flags.h. */
const BUDDY_BYTE = 1;
const BUDDY_MASK = 1 << 2;

interface FrameRange {
  readonly first: number;
  readonly end: number;
}

/** System RAM of /proc/iomem as frame ranges. @throws when not root: the addresses then read as 0. */
function ramRanges(pageBytes: number): FrameRange[] {
  const ranges: FrameRange[] = [];
  for (const line of readFileSync("/proc/iomem", "utf8").split("\n")) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) : System RAM$/.exec(line);
    if (match === null) continue;
    const [, first, last] = match as unknown as [string, string, string];
    ranges.push({
      first: Math.ceil(Number.parseInt(first, 16) / pageBytes),
      end: Math.floor((Number.parseInt(last, 16) + 1) / pageBytes),
    });
  }
  return ranges;
}

/**
 * Ranges that a zone has not initialised yet: a zone without holes whose managed pages stay far below its span grows
 * from its start (CONFIG_DEFERRED_STRUCT_PAGE_INIT, mm/mm_init.c).
 */
function deferredRanges(): FrameRange[] {
  const ranges: FrameRange[] = [];
  for (const zone of readFileSync("/proc/zoneinfo", "utf8").split(/^(?=Node )/m)) {
    const field = (name: string): number => Number(new RegExp(`^\\s+${name}:?\\s+(\\d+)$`, "m").exec(zone)?.[1] ?? 0);
    const [spanned, present, managed, start] = [
      field("spanned"),
      field("present"),
      field("managed"),
      field("start_pfn"),
    ];
    if (spanned > 0 && spanned === present && managed < 0.9 * present) {
      ranges.push({ first: start + managed, end: start + spanned });
    }
  }
  return ranges;
}

/**
 * Reads every frame once. Takes about 0.1 us a frame and blocks meanwhile.
 * @throws when /proc/kpageflags or /proc/iomem cannot be read (root is needed).
 */
export function readKernelPages(pageBytes = 4096): KernelReading {
  const ram = ramRanges(pageBytes);
  const frames = Math.max(0, ...ram.map((range) => range.end));
  const chunks = Math.ceil(frames / CHUNK_FRAMES);
  const reading: KernelReading = {
    frames,
    free: new Uint8Array(frames),
    managed: new Uint8Array(frames),
    startNs: new Float64Array(chunks),
    endNs: new Float64Array(chunks),
  };
  for (const range of ram) reading.managed.fill(1, range.first, range.end);
  readFlags(reading, chunks);
  for (const range of deferredRanges()) reading.managed.fill(0, range.first, Math.min(range.end, frames));
  return reading;
}

function readFlags(reading: KernelReading, chunks: number): void {
  const file = openSync("/proc/kpageflags", "r");
  const buffer = Buffer.alloc(CHUNK_FRAMES * ENTRY_BYTES);
  try {
    for (let chunk = 0; chunk < chunks; chunk++) {
      const first = chunk * CHUNK_FRAMES;
      reading.startNs[chunk] = Number(process.hrtime.bigint());
      const bytes = readSync(file, buffer, 0, buffer.length, first * ENTRY_BYTES);
      reading.endNs[chunk] = Number(process.hrtime.bigint());
      const count = Math.min(bytes / ENTRY_BYTES, reading.frames - first);
      for (let i = 0; i < count; i++) {
        if ((buffer[i * ENTRY_BYTES + BUDDY_BYTE]! & BUDDY_MASK) !== 0) reading.free[first + i] = 1;
      }
    }
  } finally {
    closeSync(file);
  }
}
