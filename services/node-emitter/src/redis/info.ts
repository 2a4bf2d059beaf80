/** Reads what INFO says: lines "name:value", sections headed by "#". Source: redis.io/docs, command INFO. */
import { create, type RedisGauges, RedisGaugesSchema } from "@farmscope/proto";

/** Fields of an INFO reply by name; what is no field is passed over. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Where a sample belongs. */
export interface SampleHead {
  readonly addr: string;
  readonly tick: number;
  readonly failures: number;
}

/**
 * The gauges of a reply to INFO memory and INFO replication.
 * @returns null when a number that alerts are made of is missing, as with something that only speaks Redis' protocol.
 */
export function gaugesOf(fields: ReadonlyMap<string, string>, head: SampleHead): RedisGauges | null {
  const number = (name: string): number => Number(fields.get(name) ?? Number.NaN);
  const ratio = number("mem_fragmentation_ratio");
  const bytes = number("mem_fragmentation_bytes");
  const used = number("used_memory");
  const rss = number("used_memory_rss");
  if (![ratio, bytes, used, rss].every(Number.isFinite)) return null;
  return create(RedisGaugesSchema, {
    ...emptyGauges(head),
    role: fields.get("role") ?? "",
    answered: true,
    memFragmentationRatio: ratio,
    memFragmentationBytes: BigInt(Math.round(bytes)),
    // Absent where the allocator does not tell (libc).
    allocatorFragRatio: Number.isFinite(number("allocator_frag_ratio")) ? number("allocator_frag_ratio") : 0,
    usedMemory: BigInt(Math.max(0, Math.round(used))),
    usedMemoryRss: BigInt(Math.max(0, Math.round(rss))),
  });
}

/** The gauges of a server that did not answer. */
export function emptyGauges({ addr, tick, failures }: SampleHead): RedisGauges {
  return create(RedisGaugesSchema, { addr, tick: BigInt(tick), failures: BigInt(failures) });
}
