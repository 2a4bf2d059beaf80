import { StateReader, StateWriter } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import type { OrderedBatch, PartitionNode, PartitionState } from "../partition-state.ts";
import { orderedBatchOf } from "../stages/decode.ts";

/** What is large of a node, and changes with its batches only: its page map and journal. */
export function encodeMemory({ fold }: PartitionNode): Uint8Array {
  const writer = new StateWriter();
  fold.pages.encode(writer);
  return writer.finish();
}

/** All else that is known of a node, with the batches that it holds. */
export function encodeBooks({ fold, order, online }: PartitionNode): Uint8Array {
  const writer = new StateWriter(1 << 16);
  writer.flag(online);
  fold.encode(writer);
  order.encode(writer, (item) => encodeHeld(item, writer));
  return writer.finish();
}

/**
 * Gives a node that was made anew the state that was written.
 * @param position of the newest record that the state has seen.
 * @throws {WireFormatError} malformed or over-limit.
 */
export function decodeNode(
  state: PartitionState,
  node: PartitionNode,
  position: number,
  memory: Uint8Array,
  books: Uint8Array,
): void {
  const reader = new StateReader(books);
  node.online = reader.flag();
  node.fold.decode(reader);
  node.order.decode(reader, () => decodeHeld(reader));
  reader.expectEnd();
  const pages = new StateReader(memory);
  node.fold.pages.decode(pages);
  pages.expectEnd();
  node.foldedThrough = position;
  if (node.order.held > 0) state.waiting.add(node);
}

/** Changes whenever the node's memory may have. */
export function memoryVersion({ fold }: PartitionNode): string {
  return `${fold.boot}/${fold.batches.folded}/${fold.position}`;
}

function encodeHeld({ record }: OrderedBatch, into: StateWriter): void {
  into.count(record.position);
  into.text(record.key);
  into.number(record.appendedAtMs);
  into.bytes(record.payload);
}

function decodeHeld(from: StateReader): OrderedBatch {
  const record: LogRecord = {
    position: from.count(),
    key: from.text(),
    appendedAtMs: from.number(),
    payload: from.bytes().slice(),
  };
  return orderedBatchOf(record);
}
