import { Link } from "@farmscope/runtime";
import type { Redis } from "ioredis";
import type { Bucket, Entry } from "../bucket.ts";
import { checkRedisUrl, type DialOptions, dialRedis, translate } from "./connection.ts";
import { CREATE, ENTRIES, PUT, REMOVE, UPDATE } from "./scripts.ts";

export interface RedisBucketOptions extends Omit<DialOptions, "requestMsMax"> {
  readonly bucket: string;
  readonly ttlMs: number;
}

/** An answer that comes later than this is no answer: the lease might expire over the wait. */
const REQUEST_MS_MAX = 5_000;

/**
 * A bucket in Redis 7: a key with a time to live for each entry, beside the set of their names. A server that lost its
 * data is an empty bucket.
 */
export class RedisBucket implements Bucket {
  readonly ttlMs: number;
  readonly #link: Link<Redis>;
  /** In front of every key: the braces keep a bucket in one slot of a cluster. */
  readonly #prefix: string;

  /** @throws {OperatingError} CONFIG_INVALID when `url` is none. */
  constructor(options: RedisBucketOptions) {
    checkRedisUrl(options.url);
    this.ttlMs = options.ttlMs;
    this.#prefix = `{${options.bucket}}:`;
    const requestMsMax = Math.min(REQUEST_MS_MAX, Math.max(500, options.ttlMs / 2));
    this.#link = new Link<Redis>({
      dial: (events) => dialRedis({ ...options, requestMsMax }, events),
      hangUp: async (redis) => {
        redis.removeAllListeners("end");
        redis.disconnect();
      },
      unavailable: () => translate(new Error("it is away"), "asking the coordination server"),
    });
  }

  async create(key: string, value: string): Promise<number | null> {
    return revisionIn(await this.#run(`creating ${key}`, CREATE, key, [value, String(this.ttlMs), key]));
  }

  async update(key: string, value: string, revision: number): Promise<number | null> {
    const values = [value, String(this.ttlMs), key, String(revision)];
    return revisionIn(await this.#run(`updating ${key}`, UPDATE, key, values));
  }

  async put(key: string, value: string): Promise<void> {
    await this.#run(`writing ${key}`, PUT, key, [value, String(this.ttlMs), key]);
  }

  async get(key: string): Promise<Entry | null> {
    const text = await this.#asking(`reading ${key}`, (redis) => redis.get(this.#keyOf(key)));
    return text === null ? null : parseEntry(key, text);
  }

  async remove(key: string, revision?: number): Promise<void> {
    await this.#run(`removing ${key}`, REMOVE, key, [key, revision === undefined ? "" : String(revision)]);
  }

  async entries(prefix: string): Promise<Entry[]> {
    const found = (await this.#run(`listing ${prefix}`, ENTRIES, "", [`${prefix}.`, this.#keyOf("")])) as string[];
    const entries: Entry[] = [];
    for (let index = 0; index < found.length; index += 2) entries.push(parseEntry(found[index], found[index + 1]));
    return entries;
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  #keyOf(key: string): string {
    return `${this.#prefix}entry.${key}`;
  }

  async #run(doing: string, script: string, key: string, values: readonly string[]): Promise<unknown> {
    const keys = [`${this.#prefix}revision`, `${this.#prefix}keys`, this.#keyOf(key)];
    return await this.#asking(doing, (redis) => redis.eval(script, keys.length, ...keys, ...values));
  }

  async #asking<T>(doing: string, work: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#link.get());
    } catch (error) {
      throw translate(error, doing);
    }
  }
}

function revisionIn(answer: unknown): number | null {
  return answer === null ? null : Number(answer);
}

/** "<revision> <value>". */
function parseEntry(key: string, text: string): Entry {
  const space = text.indexOf(" ");
  return { key, revision: Number(text.slice(0, space)), value: text.slice(space + 1) };
}
