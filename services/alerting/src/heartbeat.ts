import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import { addressOf, POST_TIMEOUT_MS, post } from "./notifiers/http-post.ts";

/** Age of the newest evaluated window beyond which alerting is taken for blind, in milliseconds. */
export const BLIND_AFTER_MS = 120_000;

export interface HeartbeatOptions {
  /** A secret: it is neither logged nor recorded. */
  readonly url: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells a dead-man's switch outside that alerting lives: as long as this replica acts, owns alerting, and windows come.
 * When it falls silent, somebody else has to raise the alarm.
 */
export class Heartbeat {
  beats = 0;
  /** Beats that were not sent, since alerting is blind, or did not arrive. */
  missed = 0;
  readonly #options: HeartbeatOptions;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws {OperatingError} CONFIG_INVALID for an address that is none. */
  constructor(options: HeartbeatOptions) {
    const { url, authorization } = addressOf(options.url, "the address of the heartbeat");
    this.#options = options;
    this.#url = url;
    const headers = { "content-type": "application/json", "user-agent": "farmscope" };
    this.#headers = authorization === null ? headers : { ...headers, authorization };
  }

  /** Beats until the signal fires. @param isAlive asked before each beat. */
  async run(isAlive: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    while (!signal.aborted) {
      if ((await this.#lives(isAlive)) && (await this.#beat(signal))) this.beats++;
      else if (!signal.aborted) this.missed++;
      await clock.sleep(intervalMs, signal).catch(() => undefined);
    }
  }

  async #lives(isAlive: () => Promise<boolean>): Promise<boolean> {
    try {
      return await isAlive();
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.#options.logger.warn(`no heartbeat: ${messageOf(error)}`);
      return false;
    }
  }

  async #beat(signal: AbortSignal): Promise<boolean> {
    const { clock, logger, intervalMs } = this.#options;
    const body = new TextEncoder().encode(JSON.stringify({ alive: true, at_ms: Math.round(clock.nowMs()) }));
    const timeoutMs = Math.min(POST_TIMEOUT_MS, intervalMs);
    const options = { kind: "webhook", url: this.#url, headers: this.#headers, body, clock, timeoutMs } as const;
    const { verdict, detail } = await post({ ...options, secrets: [this.#url] }, signal);
    if (verdict !== "delivered" && !signal.aborted) logger.warn(`the heartbeat did not arrive: ${detail}`);
    return verdict === "delivered";
  }
}
