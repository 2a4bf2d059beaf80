import { REDIS_INSTANCES_MAX } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";

const DEFAULT_PORT = 6379;

/** A Redis server to watch: its address as it may be shown, and its URL, which may hold a password. */
export interface WatchedServer {
  readonly addr: string;
  readonly url: string;
}

/**
 * Reads FARMSCOPE_REDIS_WATCH: URLs, comma separated, such as redis://:password@cache-1:6379.
 * @throws {OperatingError} CONFIG_INVALID; its message repeats no part of an address, which may be a password.
 */
export function watchedServers(watch: string): readonly WatchedServer[] {
  const texts = watch.split(",").map((text) => text.trim());
  const servers = new Map(texts.filter((text) => text !== "").map((text, at) => serverOf(text, at + 1)));
  if (servers.size > REDIS_INSTANCES_MAX) {
    throw new OperatingError("CONFIG_INVALID", `a node watches at most ${REDIS_INSTANCES_MAX} Redis servers`);
  }
  return [...servers].map(([addr, url]) => ({ addr, url }));
}

function serverOf(text: string, number: number): readonly [string, string] {
  const url = URL.parse(text);
  if (url === null || !["redis:", "rediss:"].includes(url.protocol) || url.hostname === "") {
    throw new OperatingError("CONFIG_INVALID", `server ${number} of FARMSCOPE_REDIS_WATCH is no Redis URL`, {
      remedy: "write redis://host:port or rediss://user:password@host:port, comma separated",
    });
  }
  return [`${url.hostname}:${url.port === "" ? DEFAULT_PORT : url.port}`, text];
}
