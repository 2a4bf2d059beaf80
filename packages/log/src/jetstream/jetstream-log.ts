import { type Clock, Link, type Logger, parseServerUrls } from "@farmscope/runtime";
import { abortable } from "../abortable.ts";
import { checkAppend, checkStream, PAYLOAD_BYTES_DEFAULT } from "../limits.ts";
import {
  type AppendOptions,
  brokerStreamName,
  type EventLog,
  type LogDescription,
  type LogReader,
  type LogRecord,
  type ReadOptions,
  type StreamName,
  type StreamPositions,
} from "../port.ts";
import { allStreams } from "../retention.ts";
import { ByteBudget } from "./byte-budget.ts";
import { JetStreamReader } from "./jetstream-reader.ts";
import { positionsOf } from "./positions.ts";
import { Publisher } from "./publisher.ts";
import { dialJetStream, payloadBytesMax, type Session } from "./session.ts";
import { ensureStream, type Installation, streamConfig, streamInfo } from "./streams.ts";
import { KEY_HEADER, keyOf, placeOf } from "./subjects.ts";
import { translate, unavailable } from "./translate.ts";
import { warningsOf } from "./warnings.ts";

export interface JetStreamLogOptions extends Installation {
  /** Servers, comma separated: "nats://user:password@host:port". */
  readonly url: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Name that the server shows for our connection. Default "farmscope". */
  readonly name?: string;
}

const DEFAULT_PORT = 4222;

/** Bytes under way to all readers of a connection together: half of what makes a server drop a client. */
const READ_BYTES_MAX = 32 * 2 ** 20;

/** The event log on NATS JetStream, server 2.9.10 or later: one stream per partition. */
export class JetStreamLog implements EventLog {
  readonly #options: JetStreamLogOptions;
  readonly #link: Link<Session>;
  readonly #publisher: Publisher;
  readonly #budget = new ByteBudget(READ_BYTES_MAX);
  readonly #readers = new Set<JetStreamReader>();

  /** @throws {OperatingError} CONFIG_INVALID when `url` is none. */
  constructor(options: JetStreamLogOptions) {
    this.#options = options;
    const { clock, logger, name = "farmscope" } = options;
    const urls = parseServerUrls(options.url, "nats", DEFAULT_PORT);
    this.#link = new Link<Session>({
      dial: (events) => dialJetStream({ urls, name, clock, logger }, events),
      hangUp: (session) => session.connection.close(),
      unavailable: () => unavailable("the log's server is away"),
    });
    this.#publisher = new Publisher(this.#link, clock);
  }

  get messageBytesMax(): number {
    const session = this.#link.wire;
    return session === null ? PAYLOAD_BYTES_DEFAULT : payloadBytesMax(session);
  }

  /** Messages that were sent in vain since the start, for whoever watches a failover. */
  get failedTries(): number {
    return this.#publisher.failedTries;
  }

  async ensureStreams(signal?: AbortSignal): Promise<void> {
    for (const stream of allStreams(this.#options.partitions)) {
      const config = streamConfig(this.#options, stream);
      const made = this.#asking(`making ${config.name}`, ({ manager }) => ensureStream(manager, config));
      await abortable(made, signal);
    }
  }

  async append(stream: StreamName, key: string, payload: Uint8Array, options: AppendOptions = {}): Promise<number> {
    checkStream(stream, this.#options.partitions);
    checkAppend(key, payload, this.messageBytesMax, options);
    const place = placeOf(this.#options.namespace, stream, key);
    return await this.#publisher.append(this.#nameOf(stream), place, payload, options);
  }

  async read(stream: StreamName, options: ReadOptions): Promise<LogReader> {
    checkStream(stream, this.#options.partitions);
    const { namespace, clock, logger } = this.#options;
    const filter = options.key === undefined ? undefined : placeOf(namespace, stream, options.key).subject;
    const source = { stream: this.#nameOf(stream), filter };
    const reader = new JetStreamReader(source, options, {
      link: this.#link,
      clock,
      budget: this.#budget,
      logger,
      onClose: (closed) => this.#readers.delete(closed),
    });
    this.#readers.add(reader);
    return reader;
  }

  async positions(stream: StreamName): Promise<StreamPositions> {
    checkStream(stream, this.#options.partitions);
    const name = this.#nameOf(stream);
    const info = await this.#asking(`asking for ${name}`, ({ manager }) => streamInfo(manager, name));
    if (info === null) throw unavailable(`stream ${name} does not exist yet`);
    return positionsOf(info.state);
  }

  async lastOf(stream: StreamName, key: string): Promise<LogRecord | null> {
    checkStream(stream, this.#options.partitions);
    const name = this.#nameOf(stream);
    const { subject } = placeOf(this.#options.namespace, stream, key);
    const message = await this.#asking(`looking into ${name}`, ({ manager }) =>
      manager.streams.getMessage(name, { last_by_subj: subject }),
    );
    if (message === null) return null;
    return {
      position: message.seq,
      key: keyOf(message.subject, () => message.header.get(KEY_HEADER)),
      appendedAtMs: message.time.getTime(),
      payload: message.data,
    };
  }

  async describe(): Promise<LogDescription> {
    // A description is wanted most when the server is away: then it says so instead of failing.
    const session = await this.#link.get().catch(() => null);
    const version = session?.connection.info?.version ?? "";
    const warnings = session === null ? [] : warningsOf(version, session.connection.info?.max_payload);
    return { kind: "jetstream", version, connected: session !== null, warnings };
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.close();
    await this.#link.close();
  }

  #nameOf(stream: StreamName): string {
    return brokerStreamName(this.#options.namespace, stream);
  }

  async #asking<T>(doing: string, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#link.get());
    } catch (error) {
      throw translate(error, doing);
    }
  }
}
