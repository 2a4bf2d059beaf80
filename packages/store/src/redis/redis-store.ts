import { randomUUID } from "node:crypto";
import { type Clock, type Logger, OperatingError } from "@farmscope/runtime";
import { Command, type Redis } from "ioredis";
import { checkBounds } from "../commit-bounds.ts";
import { Keys } from "../keys.ts";
import type { Claim, Commit, CommitNotice, CommitOutcome, Scope, ViewStore } from "../port.ts";
import { bytesOf, commitArguments, parseSeriesMember, type ScriptArguments } from "./commit-arguments.ts";
import { connect, firstAttempt, keepScriptsLoaded } from "./connection.ts";
import { describeServer } from "./describe-server.ts";
import { CLAIM, COMMIT, type Script } from "./scripts.ts";
import { replyCode, translateError } from "./translate-error.ts";
import { Watcher } from "./watcher.ts";

/** Most keys in one MGET, so that nobody waits long behind it. */
const KEYS_PER_READ_MAX = 200;

export interface RedisStoreOptions {
  /** redis:// or rediss:// with user, password and database as usual. */
  readonly url: string;
  /** Prefix of all keys. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The view store in Redis 7. One connection for commands, pipelined; a second one for notices, made when first needed.
 * A series is a sorted set, a view a string, an index a set, a scope's state a hash; keys.ts names them.
 */
export class RedisStore implements ViewStore {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #watcher: Watcher;
  /** Token of this instance's newest claim of each scope: see scripts.ts. */
  readonly #tokens = new Map<string, string>();

  constructor(options: RedisStoreOptions) {
    this.#keys = new Keys(options.namespace);
    this.#redis = connect(options.url, `${options.namespace}-store`, options.logger);
    keepScriptsLoaded(this.#redis);
    this.#watcher = new Watcher(
      () => connect(options.url, `${options.namespace}-watch`, options.logger),
      this.#keys.notices(),
    );
  }

  /** Resolves when connected, or when the first attempt has failed; connecting then goes on. Never throws. */
  async start(): Promise<void> {
    await firstAttempt(this.#redis);
  }

  async claim(scope: Scope): Promise<Claim> {
    return this.#ask(`claim ${scope}`, async () => {
      const incarnation = await this.#incarnation();
      const token = randomUUID();
      const reply = await this.#evaluate(CLAIM, { keys: [this.#keys.owner(scope)], values: [incarnation, token] });
      const [epoch, position, recordId] = reply as [string, string, string];
      this.#tokens.set(tokenKey(scope, Number(epoch), incarnation), token);
      return { epoch: Number(epoch), position: Number(position), recordId, incarnation };
    });
  }

  async commit(scope: Scope, commit: Commit): Promise<CommitOutcome> {
    checkBounds(commit);
    const token = this.#tokens.get(tokenKey(scope, commit.epoch, commit.incarnation)) ?? "";
    const context = { ownerKey: this.#keys.owner(scope), token, channel: this.#keys.notices(), scope };
    const outcome = await this.#ask(`commit ${scope}`, () => this.#evaluate(COMMIT, commitArguments(commit, context)));
    return outcome as CommitOutcome;
  }

  async committed(scope: Scope): Promise<{ epoch: number; position: number; recordId: string } | null> {
    const fields = await this.#ask("read a position", () =>
      this.#redis.hmget(this.#keys.owner(scope), "epoch", "position", "record"),
    );
    const [epoch, position, recordId] = fields;
    if (epoch === null || epoch === undefined) return null;
    return { epoch: Number(epoch), position: Number(position), recordId: recordId ?? "" };
  }

  async get(key: string): Promise<Uint8Array | null> {
    const value = await this.#ask("read a view", () => this.#redis.getBuffer(key));
    return value === null ? null : bytesOf(value);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]> {
    const answers = new Map<string, Uint8Array | null>();
    const read = async (part: string[]): Promise<void> => {
      const values = await this.#redis.mgetBuffer(...part);
      part.forEach((key, i) => {
        answers.set(key, values[i] === null || values[i] === undefined ? null : bytesOf(values[i]));
      });
    };
    await this.#ask("read views", () => Promise.all(partsBySlot(keys).map(read)));
    return keys.map((key) => answers.get(key) ?? null);
  }

  async range(series: string, fromMs: number, toMs: number): Promise<{ startMs: number; value: Uint8Array }[]> {
    const members = await this.#ask("read a series", () => this.#redis.zrangebyscoreBuffer(series, fromMs, `(${toMs}`));
    return members.map(parseSeriesMember);
  }

  async list(index: string): Promise<string[]> {
    const members = await this.#ask("read an index", () => this.#redis.smembers(index));
    return members.sort();
  }

  async watch(listener: (notice: CommitNotice) => void): Promise<() => Promise<void>> {
    return this.#watcher.add(listener);
  }

  async describe() {
    return describeServer(this.#redis);
  }

  async close(): Promise<void> {
    this.#watcher.close();
    this.#redis.disconnect();
  }

  /**
   * The identity of this life of the store, made when it is missing. Read anew for each claim: claims are rare, and a
   * store that was lost and re-created must not be taken for the old one.
   */
  async #incarnation(): Promise<string> {
    const fresh = randomUUID();
    return (await this.#redis.set(this.#keys.incarnation(), fresh, "NX", "GET")) ?? fresh;
  }

  /** Runs a script by its hash; the text is sent only to a server that does not know it. */
  async #evaluate(script: Script, { keys, values }: ScriptArguments): Promise<unknown> {
    const send = (name: string, script: string): Promise<unknown> =>
      this.#redis.sendCommand(
        new Command(name, [script, keys.length, ...keys, ...values], { replyEncoding: "utf8" }),
      ) as Promise<unknown>;
    try {
      return await send("evalsha", script.sha);
    } catch (error) {
      if (replyCode(error) !== "NOSCRIPT") throw error;
      return send("eval", script.lua);
    }
  }

  async #ask<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#redis.status === "end")
        throw new OperatingError("STORE_UNAVAILABLE", "the store was closed", { cause: error });
      throw translateError(error, doing);
    }
  }
}

function tokenKey(scope: Scope, epoch: number, incarnation: string): string {
  return `${scope} ${epoch} ${incarnation}`;
}

/** Keys in parts of one hash slot each (the text in braces decides it) and of bounded size. */
function partsBySlot(keys: readonly string[]): string[][] {
  const bySlot = Map.groupBy(keys, (key) => /\{([^}]+)\}/.exec(key)?.[1] ?? key);
  const parts: string[][] = [];
  for (const group of bySlot.values()) {
    for (let i = 0; i < group.length; i += KEYS_PER_READ_MAX) parts.push(group.slice(i, i + KEYS_PER_READ_MAX));
  }
  return parts;
}

/**
 * Opens the store. Resolves when connected, or when the first attempt has failed: connecting then goes on in the
 * background for ever, and calls fail with STORE_UNAVAILABLE until it succeeds.
 */
export async function openStore(options: RedisStoreOptions): Promise<RedisStore> {
  const store = new RedisStore(options);
  await store.start();
  return store;
}
