import type { Redis } from "ioredis";

export interface StoreDescription {
  readonly kind: "redis";
  readonly version: string;
  readonly connected: boolean;
  readonly warnings: readonly string[];
}

/** Asks the server what it is. Never throws: an unreachable server is part of the answer. */
export async function describeServer(redis: Redis): Promise<StoreDescription> {
  try {
    const info = parseInfo(await redis.info());
    return { kind: "redis", version: info.get("redis_version") ?? "", connected: true, warnings: warningsOf(info) };
  } catch {
    return { kind: "redis", version: "", connected: false, warnings: ["Redis cannot be reached"] };
  }
}

function parseInfo(text: string): Map<string, string> {
  const pairs = text.split("\r\n").map((line) => line.split(":", 2));
  return new Map(pairs.filter((pair): pair is [string, string] => pair.length === 2));
}

/** Oldest version that is tested. */
const MAJOR_VERSION_MIN = 7;

function warningsOf(info: ReadonlyMap<string, string>): string[] {
  const warnings: string[] = [];
  const major = Number.parseInt(info.get("redis_version") ?? "0", 10);
  if (major < MAJOR_VERSION_MIN)
    warnings.push(`Redis ${info.get("redis_version")} is older than 7.0, the oldest tested`);
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction") {
    warnings.push(
      `maxmemory-policy is ${policy}: Redis may evict views and the positions that fence them; use noeviction`,
    );
  }
  if (info.get("aof_enabled") === "0") {
    warnings.push(
      "appendonly is off: views since the last snapshot are folded again from the log after a crash of Redis",
    );
  }
  return warnings;
}
