/**
 * Codec 1 of RunqEvents.columns: run-queue delays row by row, about 9 bytes each.
 *
 *   +-----------+----------+--------+--------+--------+--------------+
 *   | tick step | delay ns | pid    | cgroup | cpu    | previous pid |   x count
 *   +-----------+----------+--------+--------+--------+--------------+
 *     zigzag      varint     varint   varint   varint   varint
 *
 *   tick step  tick minus the tick of the row before (the first: minus the batch's base tick)
 *
 * `count` and the base tick stand outside, in the envelope.
 */
import type { RunqColumns } from "../distribution/columns.ts";
import { VarintReader, VarintWriter } from "./varint.ts";
import { WireFormatError } from "./wire-format-error.ts";

/** Number of this codec in RunqEvents.codec. */
export const RUNQ_COLUMNS_CODEC = 1;

const CPU_MAX = 0xffff;

/** Encodes all rows of `columns`. @returns bytes of their own. */
export function encodeRunqColumns(columns: RunqColumns, baseTick: number): Uint8Array {
  const writer = new VarintWriter(12 * columns.length + 16);
  let last = baseTick;
  for (let row = 0; row < columns.length; row++) {
    writer.zigzag53(columns.tick[row] - last);
    last = columns.tick[row];
    writer.varint53(columns.delayNs[row]);
    writer.varint32(columns.pid[row]);
    writer.varint32(columns.cgroup[row]);
    writer.varint32(columns.cpu[row]);
    writer.varint32(columns.previousPid[row]);
  }
  return writer.finish();
}

/**
 * Decodes `count` rows into `into`, replacing what it held.
 * @throws {WireFormatError} malformed; over-limit when `into` is too small. `into` is then empty.
 */
export function decodeRunqColumns(bytes: Uint8Array, count: number, baseTick: number, into: RunqColumns): void {
  into.length = 0;
  if (count > into.capacity) {
    throw new WireFormatError("over-limit", `${count} run-queue events where at most ${into.capacity} may be`);
  }
  const reader = new VarintReader(bytes);
  let last = baseTick;
  for (let row = 0; row < count; row++) {
    last += reader.zigzag53();
    into.tick[row] = last;
    into.delayNs[row] = reader.varint53();
    into.pid[row] = reader.varint32();
    into.cgroup[row] = reader.varint32();
    const cpu = reader.varint32();
    if (cpu > CPU_MAX) throw new WireFormatError("malformed", `there is no CPU ${cpu}`);
    into.cpu[row] = cpu;
    into.previousPid[row] = reader.varint32();
  }
  reader.expectEnd();
  into.length = count;
}
