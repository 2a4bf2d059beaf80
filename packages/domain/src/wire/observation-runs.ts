/**
 * The format of ObservationChunk.runs: one class for each page frame of a range, run-length coded.
 *
 *   item    +----------------------------------------------+----------------+
 *           | order (bits 4 up) | class (1..3) | many (0)  | repeats - 2    |   x items, until all frames are covered
 *           +----------------------------------------------+----------------+
 *             varint                                         varint, if many
 *
 * An item covers one frame, but for class 6, a whole compound page: its head and all 2^order - 1 tails. A head whose
 * tails are not all there (the range ends, or the page was split while it was read) is an item of class 3, a frame.
 */
import { VarintReader, VarintWriter } from "./varint.ts";
import { WireFormatError } from "./wire-format-error.ts";

/**
 * What the kernel says of a frame: the low three bits of its byte. A compound head has its order in the five high bits;
 * those of all others are 0. Source: /proc/kpageflags, include/uapi/linux/kernel-page-flags.h.
 */
export const ObservationClass = {
  /** No flags: on a per-CPU list, or plainly allocated by the kernel. */
  NoFlags: 0,
  /** KPF_BUDDY: in a free block of the buddy allocator. */
  Buddy: 1,
  /** Flags that prove an allocation. */
  InUse: 2,
  /** KPF_COMPOUND_HEAD. */
  CompoundHead: 3,
  /** KPF_COMPOUND_TAIL. */
  CompoundTail: 4,
  /** No memory, or not initialised yet. */
  Hole: 5,
} as const;
export type ObservationClass = (typeof ObservationClass)[keyof typeof ObservationClass];

/** Most frames in one chunk: 16 GiB of 4 KiB pages. */
export const OBSERVATION_CHUNK_FRAMES_MAX = 1 << 22;

const CLASS_MASK = 7;
const ORDER_SHIFT = 3;
const WHOLE_COMPOUND = 6;

/** Encodes one byte for each frame. */
export function encodeObservationRuns(classes: Uint8Array): Uint8Array {
  const writer = new VarintWriter();
  let item = -1;
  let repeats = 0;
  for (let frame = 0; frame < classes.length; ) {
    const next = itemAt(classes, frame);
    if (next !== item) {
      if (repeats > 0) putItem(writer, item, repeats);
      item = next;
      repeats = 0;
    }
    repeats++;
    frame += framesOf(next);
  }
  if (repeats > 0) putItem(writer, item, repeats);
  return writer.finish();
}

/**
 * Decodes the classes of `count` frames into `into`, from index 0.
 * @throws {WireFormatError} malformed; over-limit when `into` is too small.
 */
export function decodeObservationRuns(bytes: Uint8Array, count: number, into: Uint8Array): void {
  if (count > into.length) {
    throw new WireFormatError("over-limit", `an observation of ${count} frames where at most ${into.length} may be`);
  }
  forEachObservationRun(bytes, count, (first, frames, observed, order) => {
    if (observed !== ObservationClass.CompoundHead) {
      into.fill(observed, first, first + frames);
      return;
    }
    into.fill(ObservationClass.CompoundTail, first, first + frames);
    const step = Math.min(frames, 2 ** order);
    for (let head = first; head < first + frames; head += step) into[head] = observed | (order << ORDER_SHIFT);
  });
}

/**
 * Told of each run in rising order: `frames` frames from `first` (counted from the range's beginning) are of class
 * `observed`. For CompoundHead they are whole compound pages of `order`, one behind the other, or a single head whose
 * tails are not all there (`frames` is then 1); for all others `order` is 0.
 */
export type ObservationRunVisitor = (first: number, frames: number, observed: ObservationClass, order: number) => void;

/** Decodes run by run. @throws {WireFormatError} malformed: the runs do not cover exactly `count` frames. */
export function forEachObservationRun(bytes: Uint8Array, count: number, visit: ObservationRunVisitor): void {
  const reader = new VarintReader(bytes);
  let covered = 0;
  while (covered < count) {
    const head = reader.varint32();
    const repeats = (head & 1) === 1 ? reader.varint32() + 2 : 1;
    const item = head >>> 1;
    checkItem(item);
    const frames = repeats * framesOf(item);
    if (covered + frames > count) throw new WireFormatError("malformed", `runs beyond the ${count} frames announced`);
    emit(covered, frames, item, visit);
    covered += frames;
  }
  reader.expectEnd();
}

function emit(first: number, frames: number, item: number, visit: ObservationRunVisitor): void {
  const order = item >>> ORDER_SHIFT;
  const observed = item & CLASS_MASK;
  if (observed === WHOLE_COMPOUND) {
    visit(first, frames, ObservationClass.CompoundHead, order);
  } else if (observed === ObservationClass.CompoundHead) {
    for (let head = first; head < first + frames; head++) visit(head, 1, observed, order);
  } else {
    visit(first, frames, observed as ObservationClass, 0);
  }
}

function checkItem(item: number): void {
  const observed = item & CLASS_MASK;
  const order = item >>> ORDER_SHIFT;
  const ordered = observed === ObservationClass.CompoundHead || observed === WHOLE_COMPOUND;
  if (observed > WHOLE_COMPOUND || order > (ordered ? 31 : 0)) {
    throw new WireFormatError("malformed", `there is no class ${observed} of order ${order}`);
  }
}

/** The item that begins at `frame`: its class and order, without the count. */
function itemAt(classes: Uint8Array, frame: number): number {
  const observed = classes[frame] & CLASS_MASK;
  if (observed !== ObservationClass.CompoundHead) return observed;
  const order = classes[frame] >>> ORDER_SHIFT;
  const whole = hasAllTails(classes, frame, order);
  return (order << ORDER_SHIFT) | (whole ? WHOLE_COMPOUND : ObservationClass.CompoundHead);
}

function hasAllTails(classes: Uint8Array, head: number, order: number): boolean {
  const end = head + 2 ** order;
  if (end > classes.length) return false;
  for (let tail = head + 1; tail < end; tail++) {
    if ((classes[tail] & CLASS_MASK) !== ObservationClass.CompoundTail) return false;
  }
  return true;
}

function framesOf(item: number): number {
  return (item & CLASS_MASK) === WHOLE_COMPOUND ? 2 ** (item >>> ORDER_SHIFT) : 1;
}

function putItem(writer: VarintWriter, item: number, repeats: number): void {
  writer.varint32(item * 2 + (repeats > 1 ? 1 : 0));
  if (repeats > 1) writer.varint32(repeats - 2);
}
