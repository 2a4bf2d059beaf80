import { create, EventRecordSchema, toBinary } from "@farmscope/proto";

/**
 * A tick of a partition's owner, as a record of fs.ev.
 * @param quantiles those that rules name now.
 */
export function encodeTick(
  partition: number,
  owner: string,
  epoch: number,
  quantiles: readonly number[] = [],
): Uint8Array {
  const value = { partition, owner, epoch: BigInt(epoch), quantiles: [...quantiles] };
  return toBinary(EventRecordSchema, create(EventRecordSchema, { version: 1, body: { case: "tick", value } }));
}
