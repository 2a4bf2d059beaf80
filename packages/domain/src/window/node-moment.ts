import { type RedisGauges, toBinary, type ZoneMemory, ZoneMemorySchema } from "@farmscope/proto";
import { type BalanceCounts, decodeBalance, encodeBalance } from "../balance.ts";
import { decodeRedis, encodeRedis } from "../node/redis-instances.ts";
import { decodeMessage } from "../state/message.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";

/** What a window shows of a node at its end, besides what was measured in it. */
export interface NodeMoment {
  readonly farm: string;
  readonly zones: readonly ZoneMemory[];
  readonly observed: boolean;
  readonly hugeOrder: number;
  readonly pages: BalanceCounts;
  readonly runq: BalanceCounts;
  readonly gc: BalanceCounts;
  readonly redis: readonly RedisGauges[];
  /** Append time minus event time of the newest batch. */
  readonly skewMs: number;
}

/** Writes a moment, for {@link decodeMoment}. */
export function encodeMoment(moment: NodeMoment, into: StateWriter): void {
  into.text(moment.farm);
  into.list(moment.zones, (zone) => into.bytes(toBinary(ZoneMemorySchema, zone)));
  into.flag(moment.observed);
  into.count(moment.hugeOrder);
  for (const balance of [moment.pages, moment.runq, moment.gc]) encodeBalance(balance, into);
  encodeRedis(moment.redis, into);
  into.number(moment.skewMs);
}

/** @throws {WireFormatError} malformed. */
export function decodeMoment(from: StateReader): NodeMoment {
  return {
    farm: from.text(),
    zones: from.list(() => decodeMessage(ZoneMemorySchema, from)),
    observed: from.flag(),
    hugeOrder: from.count(),
    pages: decodeBalance(from),
    runq: decodeBalance(from),
    gc: decodeBalance(from),
    redis: decodeRedis(from),
    skewMs: from.number(),
  };
}
