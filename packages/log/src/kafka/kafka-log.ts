import { type Clock, type Logger, OperatingError, parseServerUrls } from "@farmscope/runtime";
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
import { Appender } from "./appender.ts";
import { KafkaCluster } from "./cluster.ts";
import { describeCluster } from "./describe.ts";
import { KafkaReader } from "./kafka-reader.ts";
import { KeyIndex } from "./key-index.ts";
import { findLast } from "./last-of.ts";
import { placeOf } from "./records.ts";
import { askBytes, askOffset, EARLIEST, LATEST, type Place } from "./requests.ts";
import { addressOf, type KafkaSecurity, loginOf, tlsOf } from "./security.ts";
import { ensureTopics, type Installation } from "./topics.ts";

export interface KafkaLogOptions extends Installation {
  /** Brokers, comma separated: "host:port", or "tls://user:password@host:port". */
  readonly url: string;
  /** Encryption and login, over what `url` says of them. */
  readonly security?: KafkaSecurity;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Name that the brokers see. Default "farmscope". */
  readonly name?: string;
}

const DEFAULT_PORT = 9092;

/** What we keep of one partition. */
interface Partition {
  readonly place: Place;
  /** Name of the stream, for people. */
  readonly name: string;
  readonly appender: Appender;
  readonly index: KeyIndex;
}

/** The event log on Kafka 4 (KRaft): a topic with a partition for each stream of raw events, a topic for each other. */
export class KafkaLog implements EventLog {
  readonly messageBytesMax = PAYLOAD_BYTES_DEFAULT;
  readonly #options: KafkaLogOptions;
  readonly #cluster: KafkaCluster;
  readonly #partitions = new Map<string, Partition>();
  readonly #readers = new Set<KafkaReader>();
  #isClosed = false;

  /** @throws {OperatingError} CONFIG_INVALID when `url` is none or a file of `security` cannot be read. */
  constructor(options: KafkaLogOptions) {
    this.#options = options;
    const { clock, logger, name = "farmscope", security } = options;
    const urls = parseServerUrls(options.url, "kafka", DEFAULT_PORT);
    this.#cluster = new KafkaCluster({
      seeds: urls.servers.map(addressOf),
      tls: tlsOf(security, urls),
      login: loginOf(security, urls),
      name,
      clock,
      logger,
    });
  }

  async ensureStreams(signal?: AbortSignal): Promise<void> {
    this.#refuseWhenClosed();
    await abortable(ensureTopics(this.#cluster, this.#options, this.#options.clock), signal);
  }

  async append(stream: StreamName, key: string, payload: Uint8Array, options: AppendOptions = {}): Promise<number> {
    this.#refuseWhenClosed();
    checkAppend(key, payload, this.messageBytesMax, options);
    return await this.#partition(stream).appender.append(key, payload, options);
  }

  async read(stream: StreamName, options: ReadOptions): Promise<LogReader> {
    this.#refuseWhenClosed();
    const partition = this.#partition(stream);
    const reader: KafkaReader = new KafkaReader(partition.place, `reading ${partition.name}`, options, {
      cluster: this.#cluster,
      clock: this.#options.clock,
      index: partition.index,
      ends: () => this.#ends(partition),
      onClose: (closed) => this.#readers.delete(closed),
    });
    this.#readers.add(reader);
    return reader;
  }

  async positions(stream: StreamName): Promise<StreamPositions> {
    this.#refuseWhenClosed();
    const partition = this.#partition(stream);
    const { first, last } = await this.#ends(partition);
    const bytes = await this.#cluster.withLeader(partition.place, `measuring ${partition.name}`, (connection) =>
      // A user may lack the right to ask for sizes; nothing but a number on a screen depends on them.
      askBytes(connection, partition.place).catch(() => 0),
    );
    return { first, last, messages: last - first + 1, bytes };
  }

  async lastOf(stream: StreamName, key: string): Promise<LogRecord | null> {
    this.#refuseWhenClosed();
    const partition = this.#partition(stream);
    const ends = await this.#ends(partition);
    const { place, index, name } = partition;
    index.reconcile(ends.last);
    return await findLast({ cluster: this.#cluster, place, index, ...ends, doing: `looking into ${name}` }, key);
  }

  async describe(): Promise<LogDescription> {
    return await describeCluster(this.#cluster, this.#options);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const reader of this.#readers) await reader.close();
    this.#cluster.close();
  }

  async #ends({ place, name }: Partition): Promise<{ first: number; last: number }> {
    return await this.#cluster.withLeader(place, `asking for ${name}`, async (connection) => {
      const first = (await askOffset(connection, place, EARLIEST)) + 1;
      // The offset of the next message is the position of the newest one.
      return { first, last: await askOffset(connection, place, LATEST) };
    });
  }

  #partition(stream: StreamName): Partition {
    const { namespace, partitions } = this.#options;
    checkStream(stream, partitions);
    const name = brokerStreamName(namespace, stream);
    let partition = this.#partitions.get(name);
    if (partition === undefined) {
      const place = placeOf(namespace, stream);
      const appender = new Appender(this.#cluster, place, `appending to ${name}`);
      partition = { place, name, appender, index: new KeyIndex() };
      this.#partitions.set(name, partition);
    }
    return partition;
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new OperatingError("ABORTED", "the log was closed");
  }
}
