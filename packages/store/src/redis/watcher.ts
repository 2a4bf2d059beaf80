import type { Redis } from "ioredis";
import type { CommitNotice, Scope } from "../port.ts";

/**
 * Hears of commits on a connection of its own, made with the first listener. It subscribes anew at every reconnection;
 * what was committed meanwhile is missed, which the port allows.
 */
export class Watcher {
  readonly #connect: () => Redis;
  readonly #channel: string;
  readonly #listeners = new Set<(notice: CommitNotice) => void>();
  #redis: Redis | null = null;
  #started: Promise<void> = Promise.resolve();

  constructor(connect: () => Redis, channel: string) {
    this.#connect = connect;
    this.#channel = channel;
  }

  /** Resolves when subscribed, or when the first attempt has failed; the subscription then follows later. */
  async add(listener: (notice: CommitNotice) => void): Promise<() => Promise<void>> {
    const own = (notice: CommitNotice): void => listener(notice);
    this.#listeners.add(own);
    if (this.#redis === null) this.#started = this.#start();
    await this.#started;
    return async () => {
      this.#listeners.delete(own);
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#redis?.disconnect();
    this.#redis = null;
  }

  async #start(): Promise<void> {
    const redis = this.#connect();
    this.#redis = redis;
    redis.on("message", (_channel: string, text: string) => this.#tell(text));
    const subscribed = new Promise<void>((resolve) => {
      redis.on("ready", () => {
        redis.subscribe(this.#channel).then(
          () => resolve(),
          () => resolve(),
        );
      });
    });
    const failed = redis.connect().then(
      () => subscribed,
      () => undefined,
    );
    await failed;
  }

  #tell(text: string): void {
    const [scope, position] = text.split(" ") as [Scope, string];
    for (const listener of this.#listeners) listener({ scope, position: Number(position) });
  }
}
