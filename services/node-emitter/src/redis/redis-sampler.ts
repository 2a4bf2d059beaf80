import { unixMsToTick } from "@farmscope/domain";
import type { RedisGauges } from "@farmscope/proto";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import { Redis } from "ioredis";
import type { SourceNode } from "../source/port.ts";
import { emptyGauges, gaugesOf, parseInfo } from "./info.ts";
import { type WatchedServer, watchedServers } from "./watched-servers.ts";

/** Time between two samples of a server, in milliseconds: two in each of the smallest windows. */
export const REDIS_PERIOD_MS = 5_000;
/** A server that takes longer did not answer, in milliseconds. */
const REPLY_MS_MAX = 2_000;
const ROLE_CHARACTERS_MAX = 32;

export interface RedisSamplerOptions {
  /** Servers, as FARMSCOPE_REDIS_WATCH lists them. */
  readonly watch: string;
  /** The node in whose batches the samples go. */
  readonly node: SourceNode;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly give: (gauges: RedisGauges) => void;
}

/**
 * Asks Redis servers for their memory on a period and gives what they say to the node's batches. A server that does not
 * answer is a sample too: one that says so.
 */
export class RedisSampler {
  readonly #options: RedisSamplerOptions;
  readonly #servers: readonly WatchedServer[];
  readonly #failures = new Map<string, number>();

  /** @throws {OperatingError} CONFIG_INVALID when an address is none, or there are too many. */
  constructor(options: RedisSamplerOptions) {
    this.#options = options;
    this.#servers = watchedServers(options.watch);
  }

  /** Samples until the signal fires. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#servers.map((server) => this.#watch(server, signal)));
  }

  async #watch(server: WatchedServer, signal: AbortSignal): Promise<void> {
    const redis = new Redis(server.url, {
      lazyConnect: true,
      connectionName: "farmscope-sampler",
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: REPLY_MS_MAX,
      connectTimeout: REPLY_MS_MAX,
      // The next sample connects again.
      retryStrategy: () => null,
    });
    // Told again by the command that fails; without a listener it would be printed, with the address.
    redis.on("error", () => undefined);
    try {
      do this.#options.give(await this.#sample(server.addr, redis));
      while (await this.#slept(signal));
    } finally {
      redis.disconnect();
    }
  }

  async #sample(addr: string, redis: Redis): Promise<RedisGauges> {
    try {
      if (redis.status !== "ready") await redis.connect();
      const replies = await Promise.all([redis.info("memory"), redis.info("replication")]);
      const gauges = gaugesOf(parseInfo(replies.join("\n")), this.#head(addr));
      if (gauges === null) throw new Error("its INFO memory has no fragmentation");
      gauges.role = gauges.role.slice(0, ROLE_CHARACTERS_MAX);
      return gauges;
    } catch (error) {
      return this.#failed(addr, error);
    }
  }

  #failed(addr: string, error: unknown): RedisGauges {
    const failures = (this.#failures.get(addr) ?? 0) + 1;
    this.#failures.set(addr, failures);
    if (failures === 1) this.#options.logger.warn({ addr }, `a watched Redis does not answer: ${messageOf(error)}`);
    return emptyGauges(this.#head(addr));
  }

  #head(addr: string): { readonly addr: string; readonly tick: number; readonly failures: number } {
    const { node, clock } = this.#options;
    return { addr, tick: unixMsToTick(clock.nowMs(), node.clock()), failures: this.#failures.get(addr) ?? 0 };
  }

  /** @returns false when the signal fired. */
  async #slept(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.clock.sleep(REDIS_PERIOD_MS, signal);
      return !signal.aborted;
    } catch (error) {
      if (error instanceof OperatingError && error.code === "ABORTED") return false;
      throw error;
    }
  }
}
