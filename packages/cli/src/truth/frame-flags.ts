import { closeSync, openSync, readSync } from "node:fs";

/** Bytes of one entry of /proc/kpageflags. Source: Documentation/admin-guide/mm/pagemap.rst, Linux 6.18. */
const ENTRY_BYTES = 8;
/** Source: include/uapi/linux/kernel-page-flags.h. */
const BUDDY = 1n << 10n;
/**
 * Flags that only an allocated page has: referenced to slab, mmap, anon, swap, compound, huge, unevictable, KSM, THP, page
 * table, and the kernel's own reserved, mlocked, private (include/linux/kernel-page-flags.h).
 */
const IN_USE = 0x1fen | (0x1fn << 11n) | (0xe7n << 16n) | (1n << 26n) | (0x1fn << 32n);

/** What the kernel says of a frame at a second look. */
export interface FrameFlags {
  readonly free: boolean;
  /** Flags prove that it is allocated. */
  readonly inUse: boolean;
}

/** Looks at single frames. @throws when /proc/kpageflags cannot be read (root is needed). */
export function readFrameFlags(frames: readonly number[]): Map<number, FrameFlags> {
  const file = openSync("/proc/kpageflags", "r");
  const entry = Buffer.alloc(ENTRY_BYTES);
  const flags = new Map<number, FrameFlags>();
  try {
    for (const pfn of frames) {
      if (readSync(file, entry, 0, ENTRY_BYTES, pfn * ENTRY_BYTES) < ENTRY_BYTES) continue;
      const bits = entry.readBigUInt64LE(0);
      flags.set(pfn, { free: (bits & BUDDY) !== 0n, inUse: (bits & IN_USE) !== 0n });
    }
  } finally {
    closeSync(file);
  }
  return flags;
}
