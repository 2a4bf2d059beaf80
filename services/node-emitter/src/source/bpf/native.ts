import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { messageOf, OperatingError } from "@farmscope/runtime";

/**
 * What native/napi.c and native/napi-machine.c export, in the same order. Plain data only; an array that is passed is the
 * caller's and is written to before the call returns; `null`, never `undefined`. All throw an Error with a message.
 */
export interface NativeShim {
  /**
   * Opens and loads an object file.
   * @param baseAlignment 0: what the architecture demands.
   * @param memoryCgroupV1 1: owners are cgroups of the memory controller's own hierarchy.
   * @returns a handle.
   */
  open(path: string, ringBytes: number, recordBytes: number, baseAlignment: number, memoryCgroupV1: number): number;
  /** Finds the kernel's array of struct page; the page group only. @returns its address as text. */
  calibrate(handle: number): string;
  /** @returns programs attached. */
  attach(handle: number): number;
  /** Programs that are not there, each followed by its reason. */
  absent(handle: number): string[];
  configure(handle: number, pageKeepOneIn: number, runqKeepOneIn: number, salt: number, blockFrameShift: number): null;
  /** Moves whole records out of the ring or the lanes. @returns bytes. */
  poll(handle: number, out: Uint8Array): number;
  /** Stretches that compaction took pages from, as the newest poll met them. @param rows first, frames, nanoseconds. @returns rows. */
  isolated(handle: number, rows: Float64Array): number;
  /** Begins to watch the frames that stay on per-CPU lists; the page group only. */
  beginAudit(handle: number, frames: number, pcpOrderMask: number): null;
  /** Looks at some of them. @param rows receives stretches that are free: first, frames. @returns rows, 1 when the round is over. */
  audit(handle: number, framesMax: number, rows: Float64Array): [number, number];
  /** Seen, sampled out, ring lost, recovered, emitted, malformed, recursion lost; cumulative. */
  counters(handle: number): number[];
  /** @param rows of {@link HISTOGRAM_COLUMNS}: cgroup, sum in nanoseconds, slots. @returns rows written. */
  histograms(handle: number, rows: Float64Array): number;
  forgetHistogram(handle: number, cgroup: number): null;
  /** @param offset in bytes, in the file. @returns the uprobe. */
  attachUprobe(handle: number, program: string, path: string, offset: number, cookie: number): number;
  detachUprobe(handle: number, uprobe: number): null;
  detach(handle: number): null;
  close(handle: number): null;
  /** Reads the classes of the frames from `first` on. @param times start and end of the reading, nanoseconds. */
  readFrames(first: number, classes: Uint8Array, times: Float64Array): null;
  /** CLOCK_MONOTONIC, the clock of every event. */
  monotonicNs(): number;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC and its greatest error, in microseconds. */
  realtimeOffset(): [number, number];
  /** Bytes of a page frame. */
  pageBytes(): number;
}

/** Columns of a row of {@link NativeShim.histograms}: cgroup and sum, then WIRE_SLOTS slots. */
export const HISTOGRAM_COLUMNS = 202;

/** Most frames that {@link NativeShim.readFrames} takes: FRAMES_CHUNK_MAX in native/frames.h. */
export const FRAMES_CHUNK_MAX = 4096;

const CACHE = new URL("../../../../../.cache/", import.meta.url);

/** Where native/build.sh puts the shim. */
export const SHIM_PATH = fileURLToPath(new URL("native/farmscope.node", CACHE));

/** Where native/build.sh puts a group of kernel programs. */
export function objectPath(group: string): string {
  return fileURLToPath(new URL(`bpf/${group}.o`, CACHE));
}

/**
 * Loads the shim; once in a process.
 * @throws {OperatingError} BPF_UNAVAILABLE when it has not been built or a library is missing.
 */
export function loadNative(): NativeShim {
  try {
    return createRequire(import.meta.url)(SHIM_PATH) as NativeShim;
  } catch (cause) {
    throw new OperatingError("BPF_UNAVAILABLE", `the native shim cannot be loaded: ${messageOf(cause)}`, {
      cause,
      remedy: "run sh infra/setup.sh, which builds it; it needs gcc and libbpf-dev",
    });
  }
}
