import { type RedisGauges, RedisGaugesSchema, toBinary } from "@farmscope/proto";
import { decodeMessage } from "../state/message.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { TICK_NS } from "../time.ts";

/** Most Redis servers that one node watches; later ones are left out and counted. */
export const REDIS_INSTANCES_MAX = 64;
/** What a server said is forgotten after this long without news of it, in ticks: nobody watches it any more. */
const FORGOTTEN_TICKS = 60e9 / TICK_NS;

/** The newest gauges of each Redis server that a node watches, by address. */
export class RedisInstances {
  /** Gauges left out because the node names too many servers. */
  refused = 0;
  readonly #instances = new Map<string, RedisGauges>();

  apply(gauges: readonly RedisGauges[]): void {
    for (const one of gauges) {
      if (!this.#instances.has(one.addr) && this.#instances.size >= REDIS_INSTANCES_MAX) this.refused++;
      else this.#instances.set(one.addr, one);
    }
    const newest = gauges.at(-1)?.tick;
    if (newest === undefined) return;
    for (const [addr, { tick }] of this.#instances) {
      if (Number(newest - tick) > FORGOTTEN_TICKS) this.#instances.delete(addr);
    }
  }

  /** Ticks of another boot say nothing. */
  clear(): void {
    this.#instances.clear();
  }

  /** By address, rising. */
  all(): RedisGauges[] {
    return [...this.#instances.values()].sort((a, b) => (a.addr < b.addr ? -1 : 1));
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.number(this.refused);
    encodeRedis(this.all(), into);
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.refused = from.number();
    for (const one of decodeRedis(from)) this.#instances.set(one.addr, one);
  }
}

/** Writes gauges, for {@link decodeRedis}. */
export function encodeRedis(gauges: readonly RedisGauges[], into: StateWriter): void {
  into.list(gauges, (one) => into.bytes(toBinary(RedisGaugesSchema, one)));
}

/** @throws {WireFormatError} malformed. */
export function decodeRedis(from: StateReader): RedisGauges[] {
  return from.list(() => decodeMessage(RedisGaugesSchema, from));
}
