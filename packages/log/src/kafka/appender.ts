import { OperatingError } from "@farmscope/runtime";
import { BROKER_MESSAGE_BYTES } from "../limits.ts";
import type { AppendOptions } from "../port.ts";
import type { KafkaCluster } from "./cluster.ts";
import { messageOf, positionOf, sizeOf } from "./records.ts";
import { type Message, type Place, produce } from "./requests.ts";
import { translate } from "./translate.ts";

/** A batch is one message to the broker: its own head, and room for what we count less exactly. */
const BATCH_BYTES_MAX = BROKER_MESSAGE_BYTES - 1_024;
/** Messages of a batch. */
const BATCH_COUNT_MAX = 2_000;

interface Entry {
  readonly message: Message;
  readonly bytes: number;
  readonly settled: PromiseWithResolvers<number>;
  isSettled: boolean;
}

/**
 * Appends to one partition, in the order of the calls: while one batch is under way, the next one gathers. One batch at
 * a time, because two of them may change places when the first is refused. When a batch fails, everything that waits
 * behind it fails as well; what had been sent may be in the log all the same.
 */
export class Appender {
  readonly #cluster: KafkaCluster;
  readonly #place: Place;
  readonly #doing: string;
  #waiting: Entry[] = [];
  #isRunning = false;

  /** @param doing what this does, for people: "appending to FS_VIEW". */
  constructor(cluster: KafkaCluster, place: Place, doing: string) {
    this.#cluster = cluster;
    this.#place = place;
    this.#doing = doing;
  }

  /** @returns the position. */
  async append(key: string, payload: Uint8Array, { id, signal }: AppendOptions): Promise<number> {
    const message = messageOf(key, payload, id);
    const settled = Promise.withResolvers<number>();
    const entry: Entry = { message, bytes: sizeOf(message), settled, isSettled: false };
    const cancel = (): void => fail(entry, new OperatingError("ABORTED", `${this.#doing}: cancelled`));
    signal?.addEventListener("abort", cancel, { once: true });
    this.#waiting.push(entry);
    if (!this.#isRunning) void this.#run();
    try {
      return await settled.promise;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Calls made in one go come into one batch.
    await Promise.resolve();
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) await this.#send(batch);
    this.#isRunning = false;
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    const messages = batch.map(({ message }) => message);
    try {
      const first = await this.#cluster.withLeader(this.#place, this.#doing, (connection) =>
        produce(connection, this.#place, messages),
      );
      for (const [index, entry] of batch.entries()) succeed(entry, positionOf(first) + index);
    } catch (cause) {
      const error = translate(cause, this.#doing);
      const behind = error.retriable || error.code === "ABORTED" ? this.#waiting.splice(0) : [];
      for (const entry of [...batch, ...behind]) fail(entry, error);
    }
  }

  #takeBatch(): Entry[] {
    this.#waiting = this.#waiting.filter((entry) => !entry.isSettled);
    let [count, bytes] = [0, 0];
    for (const entry of this.#waiting) {
      bytes += entry.bytes;
      if (count > 0 && (bytes > BATCH_BYTES_MAX || count === BATCH_COUNT_MAX)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

/** Late news of an append that was given up changes nothing any more. */
function succeed(entry: Entry, position: number): void {
  entry.isSettled = true;
  entry.settled.resolve(position);
}

function fail(entry: Entry, error: OperatingError): void {
  entry.isSettled = true;
  entry.settled.reject(error);
}
