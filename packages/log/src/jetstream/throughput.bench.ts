import { createHash } from "node:crypto";
import { invariant, SystemClock } from "@farmscope/runtime";
import { NatsServer } from "@farmscope/testkit";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { EventLog, StreamName } from "../port.ts";
import { JetStreamLog } from "./jetstream-log.ts";

const clock = new SystemClock();
const STREAM: StreamName = { kind: "event", partition: 0 };
const SEED = 1;
/** About what a batch of 4,096 page events takes. */
const MESSAGE_BYTES = 16 * 1024;
/** Appends under way at once, on both sides. */
const WINDOW = 512;
const BARE = "BARE";

interface Size {
  readonly messages: number;
  readonly rounds: number;
}

const SMOKE: Size = { messages: 500, rounds: 1 };
const FULL: Size = { messages: 10_000, rounds: 3 };

/** Messages a second: the greatest of the rounds, since what disturbs a round only slows it down. */
interface Rates {
  append: number;
  read: number;
}

/**
 * Appends messages to one stream of a real server, pipelined, and reads them from the beginning: by our log, and by the
 * bare client (its publish, its ordered consumer), in turns, on the same server.
 */
export async function run({ smoke }: { readonly smoke: boolean }): Promise<Readonly<Record<string, unknown>>> {
  const missing = NatsServer.missing();
  if (missing !== null) return { seed: SEED, skipped: missing };
  const size = smoke ? SMOKE : FULL;
  await using server = await NatsServer.start();
  const bytesMax = 2 * size.rounds * size.messages * (MESSAGE_BYTES + 1_024);
  const log = new JetStreamLog({ url: server.url, namespace: "fs", partitions: 1, bytesMax, replicas: 1, clock });
  const connection = await connect({ servers: server.url, noAsyncTraces: true });
  await log.ensureStreams();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: BARE, subjects: ["bare.*"], max_bytes: bytesMax });

  const payload = new Uint8Array(MESSAGE_BYTES).map((_, index) => (index * 31 + SEED) & 255);
  const ours: Rates = { append: 0, read: 0 };
  const bare: Rates = { append: 0, read: 0 };
  const hash = createHash("sha256");
  for (let round = 0; round < size.rounds; round++) {
    better(bare, "append", await rate(size, () => bareAppend(connection, payload, size.messages)));
    better(ours, "append", await rate(size, () => append(log, payload, size.messages, round)));
    better(bare, "read", await rate(size, () => bareRead(connection, round * size.messages + 1, size.messages)));
    better(ours, "read", await rate(size, async () => hash.update(await read(log, round, size.messages))));
  }
  await log.close();
  await connection.close();
  return {
    seed: SEED,
    hash: hash.digest("hex"),
    server: server.version,
    message_bytes: MESSAGE_BYTES,
    append_messages_per_second: ours.append,
    append_bare_messages_per_second: bare.append,
    append_ratio_to_bare: ours.append / bare.append,
    read_messages_per_second: ours.read,
    read_bare_messages_per_second: bare.read,
    read_ratio_to_bare: ours.read / bare.read,
  };
}

function better(rates: Rates, what: keyof Rates, value: number): void {
  rates[what] = Math.max(rates[what], value);
}

async function rate({ messages }: Size, work: () => Promise<unknown>): Promise<number> {
  const startMs = clock.monotonicMs();
  await work();
  return (1_000 * messages) / (clock.monotonicMs() - startMs);
}

async function windowed(count: number, one: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: WINDOW }, worker));
}

async function append(log: EventLog, payload: Uint8Array, count: number, round: number): Promise<void> {
  await windowed(count, (index) => log.append(STREAM, "node", payload, { id: `${round}/${index}` }));
}

async function bareAppend(connection: NatsConnection, payload: Uint8Array, count: number): Promise<void> {
  const client = jetstream(connection, { timeout: 20_000 });
  await windowed(count, () => client.publish("bare.node", payload));
}

/** @returns what tells one run's records from another's. */
async function read(log: EventLog, round: number, count: number): Promise<string> {
  const reader = await log.read(STREAM, { from: round * count + 1 });
  let bytes = 0;
  let last = 0;
  for (let have = 0; have < count; ) {
    const records = await reader.next(1_000, 10_000);
    invariant(records.length > 0, `only ${have} of ${count} records came`);
    have += records.length;
    for (const { position, payload } of records) {
      bytes += payload.length;
      last = position;
    }
  }
  await reader.close();
  return `${bytes}/${last}`;
}

async function bareRead(connection: NatsConnection, from: number, count: number): Promise<void> {
  const consumer = await jetstream(connection).consumers.get(BARE, { opt_start_seq: from });
  const messages = await consumer.consume({ max_messages: 2_000 });
  let have = 0;
  for await (const _ of messages) if (++have === count) break;
  await messages.close();
}
