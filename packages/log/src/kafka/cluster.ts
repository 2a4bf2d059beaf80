import { type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import { type Address, BrokerConnection, type ConnectionSettings, nameOf } from "./connection.ts";
import { askMetadata, type Metadata, type Place } from "./requests.ts";
import { translate, unavailable } from "./translate.ts";

export interface ClusterOptions extends ConnectionSettings {
  /** Brokers to ask for the others. */
  readonly seeds: readonly Address[];
  readonly logger: Logger | undefined;
}

/** Connections kept open per broker though nobody uses them just now. */
const IDLE_MAX = 16;

/** What work needs of a connection, which is its own until it is done. */
export type Work<T> = (connection: BrokerConnection) => Promise<T>;

/**
 * The brokers, as far as we need them: who leads which partition, and warm connections to them. Nothing is retried
 * here: an error makes the cluster forget what it knew of the partition, and the next call looks anew.
 */
export class KafkaCluster {
  readonly #options: ClusterOptions;
  readonly #idle = new Map<string, BrokerConnection[]>();
  readonly #open = new Set<BrokerConnection>();
  readonly #leaders = new Map<string, Address>();
  readonly #looking = new Map<string, Promise<void>>();
  #brokers: readonly Address[] = [];
  #isAway = false;
  #isClosed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` on a connection to the partition's leader.
   * @param doing what is tried, for people.
   * @param signal breaks the connection off, and so ends the work.
   * @throws {OperatingError} LOG_UNAVAILABLE and others of translate.ts; ABORTED when the cluster is closed.
   */
  async withLeader<T>(place: Place, doing: string, work: Work<T>, signal?: AbortSignal): Promise<T> {
    try {
      const leader = await this.#leaderOf(place);
      return await this.#lend(leader, work, signal);
    } catch (error) {
      this.#leaders.delete(keyOf(place));
      throw this.#isClosed ? closed() : translate(error, doing);
    }
  }

  /** Runs `work` on a connection to the broker that answers for the whole cluster. */
  async withController<T>(doing: string, work: Work<T>): Promise<T> {
    try {
      const { brokers, controllerId } = await this.#metadata([]);
      const controller = brokers.find(({ nodeId }) => nodeId === controllerId);
      if (controller === undefined) throw unavailable("the cluster has no controller just now");
      return await this.#lend(controller, work);
    } catch (error) {
      throw this.#isClosed ? closed() : translate(error, doing);
    }
  }

  /** Runs `work` on a connection to any broker. */
  async withAny<T>(doing: string, work: Work<T>): Promise<T> {
    try {
      return await this.#lendAny(work);
    } catch (error) {
      throw this.#isClosed ? closed() : translate(error, doing);
    }
  }

  /** Breaks off whatever is under way. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#idle.clear();
  }

  async #leaderOf(place: Place): Promise<Address> {
    const key = keyOf(place);
    if (!this.#leaders.has(key)) await this.#look(place.topic);
    const leader = this.#leaders.get(key);
    if (leader === undefined) throw unavailable(`${place.topic} has no leader for partition ${place.partition}`);
    return leader;
  }

  /** Callers who ask for the same topic share one look. */
  async #look(topic: string): Promise<void> {
    let looking = this.#looking.get(topic);
    if (looking === undefined) {
      looking = this.#lookUp(topic).finally(() => this.#looking.delete(topic));
      this.#looking.set(topic, looking);
    }
    await looking;
  }

  async #lookUp(topic: string): Promise<void> {
    const { brokers, topicMetadata } = await this.#metadata([topic]);
    const addresses = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    for (const { partitionId, leader } of topicMetadata[0]?.partitionMetadata ?? []) {
      const address = addresses.get(leader);
      if (address !== undefined) this.#leaders.set(keyOf({ topic, partition: partitionId }), address);
    }
  }

  async #metadata(topics: readonly string[]): Promise<Metadata> {
    const metadata = await this.#lendAny((connection) => askMetadata(connection, topics));
    this.#brokers = metadata.brokers.map(({ host, port }) => ({ host, port }));
    return metadata;
  }

  /** Tries the brokers that we know, then the configured ones. */
  async #lendAny<T>(work: Work<T>): Promise<T> {
    const known = this.#brokers.map(nameOf);
    const seeds = this.#options.seeds.filter((seed) => !known.includes(nameOf(seed)));
    let trouble: unknown = unavailable("no broker is known");
    for (const address of [...this.#brokers, ...seeds]) {
      try {
        await this.#warm(address);
      } catch (error) {
        trouble = error;
        continue;
      }
      return await this.#lend(address, work);
    }
    throw trouble;
  }

  /** Makes sure that there is a connection to be lent. */
  async #warm(address: Address): Promise<void> {
    this.#giveBack(await this.#take(address));
  }

  async #lend<T>(address: Address, work: Work<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.#take(address);
    const breakOff = (): void => connection.close();
    signal?.addEventListener("abort", breakOff, { once: true });
    try {
      if (signal?.aborted) throw closed();
      return await work(connection);
    } finally {
      signal?.removeEventListener("abort", breakOff);
      this.#giveBack(connection);
    }
  }

  async #take(address: Address): Promise<BrokerConnection> {
    if (this.#isClosed) throw closed();
    const idle = this.#idle.get(nameOf(address)) ?? [];
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (connection.isUsable) return connection;
      this.#drop(connection);
    }
    return await this.#dial(address);
  }

  async #dial(address: Address): Promise<BrokerConnection> {
    const { logger } = this.#options;
    try {
      const connection = await BrokerConnection.open(address, this.#options);
      if (this.#isAway) logger?.info({ broker: nameOf(address) }, "the log's broker is back");
      this.#isAway = false;
      this.#open.add(connection);
      if (this.#isClosed) connection.close();
      return connection;
    } catch (error) {
      if (!this.#isAway && !this.#isClosed) {
        logger?.warn({ broker: nameOf(address) }, `the log's broker is away: ${messageOf(error)}`);
      }
      this.#isAway = true;
      throw error;
    }
  }

  #giveBack(connection: BrokerConnection): void {
    const name = nameOf(connection.address);
    const idle = this.#idle.get(name) ?? [];
    if (!connection.isUsable || idle.length >= IDLE_MAX || this.#isClosed) this.#drop(connection);
    else this.#idle.set(name, [...idle, connection]);
  }

  #drop(connection: BrokerConnection): void {
    connection.close();
    this.#open.delete(connection);
  }
}

function keyOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}

function closed(): OperatingError {
  return new OperatingError("ABORTED", "the log was closed");
}
