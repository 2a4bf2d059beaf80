import { messageOf, OperatingError } from "@farmscope/runtime";
import { memoryCgroupV1Mount } from "./cgroup-names.ts";
import type { FrameRange } from "./memory-layout.ts";
import { type NativeShim, objectPath } from "./native.ts";

/** SHIM_RANGES_MAX, native/shim.h. */
const RANGES_MAX = 1024;

/** A stretch that compaction took free pages from. */
export interface IsolatedRange extends FrameRange {
  readonly timeNs: number;
}

/** Cumulative since the group was opened. seen = emitted + sampledOut + ringLost. */
export interface GroupCounters {
  readonly seen: number;
  readonly sampledOut: number;
  readonly ringLost: number;
  readonly recovered: number;
  readonly emitted: number;
  /** Arrived but were no records; part of emitted. */
  readonly malformed: number;
  /** Skipped by recursion protection and not recovered; part of ringLost. */
  readonly recursionLost: number;
}

export interface GroupOptions {
  /** Base name of the object file. */
  readonly name: "page" | "sched" | "gc";
  readonly ringBytes: number;
  readonly recordBytes: number;
  /** Alignment that the base of the struct page array must have; 0: what the architecture demands. */
  readonly baseAlignment?: number;
}

/**
 * One group of kernel programs: open, (calibrate), attach, poll, detach, poll the rest, close. Its buffer holds as many
 * records as one poll moves and is reused by the next.
 */
export class KernelGroup {
  readonly name: GroupOptions["name"];
  readonly #native: NativeShim;
  readonly #recordBytes: number;
  readonly #handle: number;
  readonly #words: Uint32Array;
  readonly #buffer: Uint8Array;
  readonly #rows = new Float64Array(3 * RANGES_MAX);

  /**
   * Opens and loads.
   * @param pollRecords most records that one poll moves.
   * @throws {OperatingError} BPF_LOAD_FAILED.
   */
  constructor(native: NativeShim, options: GroupOptions, pollRecords: number) {
    this.name = options.name;
    this.#native = native;
    this.#recordBytes = options.recordBytes;
    this.#words = new Uint32Array((pollRecords * options.recordBytes) / 4);
    this.#buffer = new Uint8Array(this.#words.buffer);
    const { ringBytes, recordBytes, baseAlignment = 0 } = options;
    this.#handle = loading(this.name, () =>
      native.open(
        objectPath(options.name),
        ringBytes,
        recordBytes,
        baseAlignment,
        memoryCgroupV1Mount() === null ? 0 : 1,
      ),
    );
  }

  /** What the last poll moved, as little-endian words. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** What the last poll moved, as bytes: the same memory. */
  get bytes(): Uint8Array {
    return this.#buffer;
  }

  /** Finds the struct page array; without it page programs must not be attached. @throws {OperatingError} BPF_LOAD_FAILED. */
  calibrate(): string {
    return loading(this.name, () => this.#native.calibrate(this.#handle));
  }

  /** @returns programs attached. */
  attach(): number {
    return this.#native.attach(this.#handle);
  }

  /** "program: reason" for each program that is not there. */
  absent(): string[] {
    const flat = this.#native.absent(this.#handle);
    return flat.flatMap((program, index) => (index % 2 === 0 ? [`${program}: ${flat[index + 1]}`] : []));
  }

  configure(pageKeepOneIn: number, runqKeepOneIn: number, salt: number, blockFrameShift: number): void {
    this.#native.configure(this.#handle, pageKeepOneIn, runqKeepOneIn, salt, blockFrameShift);
  }

  /** Moves records into {@link words}. @returns how many. */
  poll(): number {
    return this.#native.poll(this.#handle, this.#buffer) / this.#recordBytes;
  }

  /** Stretches that the last poll met. */
  isolated(): IsolatedRange[] {
    const count = this.#native.isolated(this.#handle, this.#rows);
    return Array.from({ length: count }, (_, row) => {
      const [first, frames, timeNs] = this.#rows.subarray(3 * row, 3 * row + 3);
      return { first, end: first + frames, timeNs };
    });
  }

  /** Begins to watch the frames below `frames` that stay on per-CPU lists. */
  beginAudit(frames: number, pcpOrderMask: number): void {
    this.#native.beginAudit(this.#handle, frames, pcpOrderMask);
  }

  /** Looks at some of them. @returns the stretches that are free after all, and whether the round is over. */
  audit(framesMax: number): { readonly free: readonly FrameRange[]; readonly over: boolean } {
    const [count, over] = this.#native.audit(this.#handle, framesMax, this.#rows);
    const free = Array.from({ length: count }, (_, row) => {
      const [first, frames] = this.#rows.subarray(2 * row, 2 * row + 2);
      return { first, end: first + frames };
    });
    return { free, over: over === 1 };
  }

  counters(): GroupCounters {
    const [seen, sampledOut, ringLost, recovered, emitted, malformed, recursionLost] = this.#native.counters(
      this.#handle,
    );
    return { seen, sampledOut, ringLost, recovered, emitted, malformed, recursionLost };
  }

  /** @param rows see {@link NativeShim.histograms}. @returns rows written. */
  histograms(rows: Float64Array): number {
    return this.#native.histograms(this.#handle, rows);
  }

  forgetHistogram(cgroup: number): void {
    this.#native.forgetHistogram(this.#handle, cgroup);
  }

  /** @throws {Error} when the kernel refuses. @returns a number for {@link detachUprobe}. */
  attachUprobe(program: string, path: string, offset: number, cookie: number): number {
    return this.#native.attachUprobe(this.#handle, program, path, offset, cookie);
  }

  detachUprobe(uprobe: number): void {
    this.#native.detachUprobe(this.#handle, uprobe);
  }

  /** Detaches all programs: counters are final then, and what is in the ring can still be polled. */
  detach(): void {
    this.#native.detach(this.#handle);
  }

  close(): void {
    this.#native.close(this.#handle);
  }
}

function loading<T>(name: string, load: () => T): T {
  try {
    return load();
  } catch (cause) {
    throw new OperatingError("BPF_LOAD_FAILED", `kernel programs "${name}": ${messageOf(cause)}`, {
      cause,
      remedy: "farmscope doctor tells what this kernel lacks; root or CAP_BPF and CAP_PERFMON are needed",
    });
  }
}
