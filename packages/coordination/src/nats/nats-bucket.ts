import { Link, OperatingError, parseServerUrls } from "@farmscope/runtime";
import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { nanos } from "@nats-io/transport-node";
import type { Bucket, Entry } from "../bucket.ts";
import { type DialOptions, dialNats, type Session } from "./session.ts";
import { translate } from "./translate.ts";

export interface NatsBucketOptions extends Omit<DialOptions, "urls" | "requestMsMax"> {
  /** Servers, comma separated: "nats://user:password@host:port". */
  readonly url: string;
  readonly bucket: string;
  readonly ttlMs: number;
  readonly replicas: number;
}

const DEFAULT_PORT = 4222;

/** An answer that comes later than this is no answer: the lease might expire over the wait. */
const REQUEST_MS_MAX = 2_000;

/** A bucket of NATS's key-value store, server 2.9.10 or later: a stream with the time to live as its greatest age. */
export class NatsBucket implements Bucket {
  readonly ttlMs: number;
  readonly #options: NatsBucketOptions;
  readonly #link: Link<Session>;
  /** The bucket of a session, once it is known to be there. */
  #opened: { readonly session: Session; readonly bucket: Promise<KV> } | null = null;

  /** @throws {OperatingError} CONFIG_INVALID when `url` is none. */
  constructor(options: NatsBucketOptions) {
    this.ttlMs = options.ttlMs;
    this.#options = options;
    const urls = parseServerUrls(options.url, "nats", DEFAULT_PORT);
    const requestMsMax = Math.min(REQUEST_MS_MAX, Math.max(500, options.ttlMs / 2));
    this.#link = new Link<Session>({
      dial: (events) => dialNats({ ...options, urls, requestMsMax }, events),
      hangUp: (session) => session.connection.close(),
      unavailable: () => translate(new Error("it is away"), "asking the coordination server"),
    });
  }

  async create(key: string, value: string): Promise<number | null> {
    return await this.#conditionally(`creating ${key}`, (bucket) => bucket.create(key, value));
  }

  async update(key: string, value: string, revision: number): Promise<number | null> {
    return await this.#conditionally(`updating ${key}`, (bucket) => bucket.update(key, value, revision));
  }

  async put(key: string, value: string): Promise<void> {
    await this.#asking(`writing ${key}`, (bucket) => bucket.put(key, value));
  }

  async get(key: string): Promise<Entry | null> {
    return await this.#asking(`reading ${key}`, (bucket) => read(bucket, key));
  }

  async remove(key: string, revision?: number): Promise<void> {
    await this.#conditionally(`removing ${key}`, async (bucket) => {
      await bucket.delete(key, revision === undefined ? {} : { previousSeq: revision });
      return 0;
    });
  }

  async entries(prefix: string): Promise<Entry[]> {
    return await this.#asking(`listing ${prefix}`, async (bucket, { manager }) => {
      const subjects = `$KV.${this.#options.bucket}.`;
      const { state } = await manager.streams.info(this.#stream, { subjects_filter: `${subjects}${prefix}.>` });
      const keys = Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subjects.length));
      const entries = await Promise.all(keys.map((key) => read(bucket, key)));
      return entries.filter((entry) => entry !== null);
    });
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  get #stream(): string {
    return `KV_${this.#options.bucket}`;
  }

  /** null when the server says that the key does not stand at the revision. */
  async #conditionally(doing: string, work: (bucket: KV) => Promise<number>): Promise<number | null> {
    return await this.#asking(doing, async (bucket) => {
      try {
        return await work(bucket);
      } catch (error) {
        if (isConflict(error)) return null;
        throw error;
      }
    });
  }

  /** A write to a lost bucket is answered by nobody, a read by an error: on any failure it is looked whether it is there. */
  async #asking<T>(doing: string, work: (bucket: KV, session: Session) => Promise<T>): Promise<T> {
    try {
      const session = await this.#link.get();
      const bucket = await this.#open(session);
      try {
        return await work(bucket, session);
      } catch (error) {
        if (await this.#exists(session)) throw error;
        this.#options.logger?.warn({ bucket: this.#options.bucket }, "the bucket was lost and is made anew");
        this.#opened = null;
        return await work(await this.#open(session), session);
      }
    } catch (error) {
      throw translate(error, doing);
    }
  }

  async #open(session: Session): Promise<KV> {
    if (this.#opened?.session !== session) this.#opened = { session, bucket: this.#make(session) };
    const { bucket } = this.#opened;
    try {
      return await bucket;
    } catch (error) {
      if (this.#opened?.bucket === bucket) this.#opened = null;
      throw error;
    }
  }

  /** Makes the bucket if it is not there; the time to live and the copies of one that is there are brought up to date. */
  async #make(session: Session): Promise<KV> {
    const { bucket: name, replicas, ttlMs } = this.#options;
    const options = { ttl: ttlMs, history: 1, replicas, allow_direct: false };
    const bucket = await new Kvm(session.streams).create(name, options);
    const { config } = (await bucket.status()).streamInfo;
    if (config.max_age !== nanos(ttlMs) || config.num_replicas !== replicas) {
      const windowMs = Math.min(ttlMs, 120_000);
      const update = { max_age: nanos(ttlMs), duplicate_window: nanos(windowMs), num_replicas: replicas };
      const { config: echoed } = await session.manager.streams.update(this.#stream, update);
      refuseOtherTtl(name, echoed.max_age, nanos(ttlMs));
    }
    return bucket;
  }

  async #exists(session: Session): Promise<boolean> {
    try {
      await session.manager.streams.info(this.#stream);
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return false;
      throw error;
    }
  }
}

async function read(bucket: KV, key: string): Promise<Entry | null> {
  const entry = await bucket.get(key);
  return entry?.operation === "PUT" ? { key, value: entry.string(), revision: entry.revision } : null;
}

function isConflict(error: unknown): boolean {
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  if (!(error instanceof JetStreamApiError)) return false;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}

function refuseOtherTtl(bucket: string, isNs: number, wantedNs: number): void {
  if (isNs === wantedNs) return;
  const message = `bucket ${bucket} keeps entries for ${isNs / 1e6} ms, asked for ${wantedNs / 1e6} ms`;
  throw new OperatingError("COORDINATION_UNAVAILABLE", message, { retriable: true });
}
