/**
 * Records of the kernel's rings to columns. Offsets come from wire.h by way of wire.gen.ts; words are little-endian, as
 * every architecture is that Farmscope runs on.
 */
import { type PageColumns, type RunqColumns, TICK_NS } from "@farmscope/domain";
import type { GcPauseEvent } from "../port.ts";
import { WIRE_COMMAND_LEN, WIRE_GC, WIRE_PAGE, WIRE_RUNQ } from "../wire.gen.ts";
import type { CgroupNeeds } from "./cgroup-names.ts";

const PAGE_WORDS = WIRE_PAGE.size / 4;
const RUNQ_WORDS = WIRE_RUNQ.size / 4;
const TICKS_PER_HIGH_WORD = 2 ** 32 / TICK_NS;

/** The tick of a time in nanoseconds that stands in two words. Rounds down; exact. */
function tickAt(words: Uint32Array, at: number): number {
  return words[at + 1] * TICKS_PER_HIGH_WORD + Math.floor(words[at] / TICK_NS);
}

function nanosecondsAt(words: Uint32Array, at: number): number {
  return words[at + 1] * 2 ** 32 + words[at];
}

/**
 * Decodes the page records [from, from + count) into columns, from 0 on.
 * @param count at most the columns' capacity.
 * @param cgroups is told of every cgroup that appears.
 */
export function decodePages(
  words: Uint32Array,
  from: number,
  count: number,
  columns: PageColumns,
  cgroups: CgroupNeeds,
): void {
  const { tick, pfn, pid, cgroup, kind, order, migrateType } = columns;
  let at = from * PAGE_WORDS;
  let last = -1;
  for (let row = 0; row < count; row++, at += PAGE_WORDS) {
    const packed = words[at + WIRE_PAGE.kind / 4];
    const group = words[at + WIRE_PAGE.cgroup / 4];
    tick[row] = tickAt(words, at);
    pfn[row] = words[at + WIRE_PAGE.pfn / 4];
    pid[row] = words[at + WIRE_PAGE.pid / 4];
    cgroup[row] = group;
    kind[row] = packed & 0xff;
    order[row] = (packed >>> (8 * (WIRE_PAGE.order - WIRE_PAGE.kind))) & 0xff;
    migrateType[row] = (packed >>> (8 * (WIRE_PAGE.migrateType - WIRE_PAGE.kind))) & 0xff;
    if (group !== last) {
      last = group;
      cgroups.need(group);
    }
  }
  columns.length = count;
}

/** Decodes the run-queue records [from, from + count) into columns, from 0 on. */
export function decodeRunq(
  words: Uint32Array,
  from: number,
  count: number,
  columns: RunqColumns,
  cgroups: CgroupNeeds,
): void {
  let at = from * RUNQ_WORDS;
  for (let row = 0; row < count; row++, at += RUNQ_WORDS) {
    const group = words[at + WIRE_RUNQ.cgroup / 4];
    columns.tick[row] = tickAt(words, at);
    columns.delayNs[row] = nanosecondsAt(words, at + WIRE_RUNQ.delayNs / 4);
    columns.pid[row] = words[at + WIRE_RUNQ.pid / 4];
    columns.previousPid[row] = words[at + WIRE_RUNQ.previousPid / 4];
    columns.cgroup[row] = group;
    columns.cpu[row] = words[at + WIRE_RUNQ.cpu / 4] & 0xffff;
    cgroups.need(group);
  }
  columns.length = count;
}

/** A pause, with what the log does not carry. */
export interface DecodedPause extends GcPauseEvent {
  readonly tid: number;
  /** WIRE_GC_PHASE */
  readonly phase: number;
}

/** Decodes one pause. */
export function decodePause(words: Uint32Array, bytes: Uint8Array, index: number): DecodedPause {
  const start = index * WIRE_GC.size;
  const at = start / 4;
  const name = bytes.subarray(start + WIRE_GC.command, start + WIRE_GC.command + WIRE_COMMAND_LEN);
  const end = name.indexOf(0);
  return {
    endTick: tickAt(words, at),
    durationNs: nanosecondsAt(words, at + WIRE_GC.durationNs / 4),
    pid: words[at + WIRE_GC.pid / 4],
    tid: words[at + WIRE_GC.tid / 4],
    cgroup: words[at + WIRE_GC.cgroup / 4],
    runtime: bytes[start + WIRE_GC.runtime],
    phase: bytes[start + WIRE_GC.phase],
    command: Buffer.from(name.subarray(0, end < 0 ? name.length : end)).toString("latin1"),
  };
}
