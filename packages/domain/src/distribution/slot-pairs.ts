import { VarintReader, VarintWriter } from "../wire/varint.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { SLOTS } from "./slots.ts";

/** Slot numbers, rising, with what each counted. */
export interface SlotPairs {
  readonly slots: readonly number[];
  readonly counts: readonly number[];
}

/**
 * Encodes slot counts as pairs of varints: slot number minus the previous pair's (the first: minus 0), count. Empty
 * slots are left out, so equal counts have equal bytes.
 * @param counts one count for each slot, integers of [0, 2^53).
 */
export function encodeSlotPairs(counts: ArrayLike<number>): Uint8Array {
  const writer = new VarintWriter(64);
  let previous = 0;
  for (let slot = 0; slot < counts.length; slot++) {
    const count = counts[slot] ?? 0;
    if (count === 0) continue;
    writer.varint32(slot - previous);
    writer.varint53(count);
    previous = slot;
  }
  return writer.finish();
}

/**
 * Decodes what {@link encodeSlotPairs} wrote.
 * @throws {WireFormatError} malformed: cut short, or slots that do not rise or do not exist.
 */
export function decodeSlotPairs(bytes: Uint8Array): SlotPairs {
  const reader = new VarintReader(bytes);
  const slots: number[] = [];
  const counts: number[] = [];
  let slot = 0;
  while (reader.left > 0) {
    const step = reader.varint32();
    if (step === 0 && slots.length > 0) throw new WireFormatError("malformed", "slots do not rise");
    slot += step;
    if (slot >= SLOTS) throw new WireFormatError("malformed", `there is no slot ${slot}`);
    slots.push(slot);
    counts.push(reader.varint53());
  }
  return { slots, counts };
}
