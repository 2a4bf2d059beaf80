import type { MemoryGauges } from "@farmscope/proto";
import { gaugesOf } from "./machine.ts";
import {
  type FrameRange,
  grownRange,
  readableRanges,
  readFreeBlocks,
  readRam,
  readZones,
  type ZoneInfo,
} from "./memory-layout.ts";

/** What changed between two readings. */
export interface MemoryChange {
  /** The zones are no longer as they were told. */
  readonly changed: boolean;
  /** Frames that have become readable. */
  readonly grown: readonly FrameRange[];
  /** Memory was added in a way that does not tell which frames. */
  readonly unclear: boolean;
}

/** The host's memory as it stood at the last reading. */
export class HostMemory {
  readonly #pageBytes: number;
  #zones: readonly ZoneInfo[];
  #ram: readonly FrameRange[];
  #readable: readonly FrameRange[];

  /** Reads for the first time. @throws {Error} when /proc/zoneinfo or /proc/iomem cannot be read. */
  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
    this.#zones = readZones();
    this.#ram = readRam(pageBytes);
    this.#readable = readableRanges(this.#ram, this.#zones);
  }

  get zones(): readonly ZoneInfo[] {
    return this.#zones;
  }

  get ram(): readonly FrameRange[] {
    return this.#ram;
  }

  /** RAM, without what is not initialised yet. */
  get readable(): readonly FrameRange[] {
    return this.#readable;
  }

  /** Largest order of a free block. */
  get maxOrder(): number {
    return Math.max(...[...readFreeBlocks().values()].map((counts) => counts.length)) - 1;
  }

  /** Reads anew and says what changed. Three small files. */
  refresh(): MemoryChange {
    const before = new Map(this.#zones.map((zone) => [keyOf(zone), zone]));
    this.#zones = readZones();
    const grown: FrameRange[] = [];
    let changed = this.#zones.length !== before.size;
    let unclear = changed;
    for (const zone of this.#zones) {
      const old = before.get(keyOf(zone));
      if (old === undefined || !differs(old, zone)) continue;
      changed = true;
      const range = grownRange(old, zone);
      if (range !== null) grown.push(range);
      else if (zone.managed > old.managed) unclear = true;
    }
    if (changed) {
      this.#ram = readRam(this.#pageBytes);
      this.#readable = readableRanges(this.#ram, this.#zones);
    }
    return { changed, grown, unclear };
  }

  /** Free blocks and per-CPU pages; the latter as of the last refresh. */
  gauges(tick: number): MemoryGauges {
    return gaugesOf(tick, this.#zones, readFreeBlocks());
  }
}

function keyOf({ numaNode, name }: ZoneInfo): string {
  return `${numaNode}/${name}`;
}

function differs(a: ZoneInfo, b: ZoneInfo): boolean {
  return a.managed !== b.managed || a.present !== b.present || a.spanned !== b.spanned || a.startPfn !== b.startPfn;
}
