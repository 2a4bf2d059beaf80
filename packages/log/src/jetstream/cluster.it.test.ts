import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { retrying, SystemClock } from "@farmscope/runtime";
import { NATS_VERSIONS, NatsCluster, NatsServer, type NatsVersion } from "@farmscope/testkit";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { LogReader, StreamName } from "../port.ts";
import { JetStreamLog } from "./jetstream-log.ts";

const clock = new SystemClock();
const EVENTS: StreamName = { kind: "event", partition: 0 };
const STREAM = "FS_EV_0";
const PUBLISHERS = 20;
/** Each publisher appends a batch, waits for its acknowledgement and this long: about 200 batches a second together. */
const PACE_MS = 100;

function open(url: string): JetStreamLog {
  const bytesMax = 256 * 2 ** 20;
  return new JetStreamLog({ url, namespace: "fs", partitions: 1, bytesMax, replicas: 3, clock });
}

/** What publishers were told, and when. */
class Load {
  readonly acknowledged: string[] = [];
  /** When each publisher had its last acknowledgement before the longest wait for one, and the next. */
  readonly waits: { sinceMs: number; untilMs: number }[] = [];
  /** Tries that the publishers themselves had to make again. */
  failures = 0;
  readonly #log: JetStreamLog;
  readonly #over = new AbortController();
  readonly #publishers: Promise<void>[];

  constructor(log: JetStreamLog) {
    this.#log = log;
    this.#publishers = Array.from({ length: PUBLISHERS }, (_, publisher) => this.#publish(publisher));
  }

  /** Resolves when all have finished what they had begun. */
  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#publishers);
  }

  async #publish(publisher: number): Promise<void> {
    const longest = { sinceMs: 0, untilMs: 0 };
    this.waits.push(longest);
    let lastMs = clock.monotonicMs();
    for (let serial = 0; !this.#over.signal.aborted; serial++) {
      const id = `${publisher}/${serial}`;
      const payload = new TextEncoder().encode(id.padEnd(8_000));
      const append = (): Promise<number> => this.#log.append(EVENTS, `node-${publisher}`, payload, { id });
      await retrying(clock, append, { onFailure: () => this.failures++ });
      this.acknowledged.push(id);
      const nowMs = clock.monotonicMs();
      if (nowMs - lastMs > longest.untilMs - longest.sinceMs)
        Object.assign(longest, { sinceMs: lastMs, untilMs: nowMs });
      lastMs = nowMs;
      await clock.sleep(PACE_MS);
    }
  }
}

/** When a plain client, connected to a server that lives on, first has a publish acknowledged again. */
async function failedOverAtMs(servers: readonly NatsServer[]): Promise<number> {
  const connection = await connect({ servers: servers.map(({ url }) => url) });
  const client = jetstream(connection, { timeout: 500 });
  for (;;) {
    try {
      await client.publish("fs.ev.0.independent", "x");
      break;
    } catch {
      await clock.sleep(50);
    }
  }
  const nowMs = clock.monotonicMs();
  await connection.close();
  return nowMs;
}

/** Ids in the order of the log, until all that were wanted have come. */
async function readAll(reader: LogReader, count: () => number, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  while (!signal.aborted || ids.length < count()) {
    const work = (): Promise<{ key: string; payload: Uint8Array }[]> => reader.next(500, 1_000);
    for (const { key, payload } of await retrying(clock, work, { maxMs: 300 })) {
      if (key !== "independent") ids.push(new TextDecoder().decode(payload).trimEnd());
    }
  }
  return ids;
}

/** What happened around the end of a leader. */
interface Failover {
  /** From the kill until a plain client's publish was acknowledged again, in milliseconds. */
  readonly serverMs: number;
  /** From the kill until the last of our publishers had an acknowledgement again, in milliseconds. */
  readonly ourMs: number;
  /** Messages that our adapter sent in vain. */
  readonly failedTries: number;
  /** Appends that failed for the publishers. */
  readonly failures: number;
}

/** @param at the server to which our connection is made: the one that is killed, or another. */
async function killLeaderUnderLoad(version: NatsVersion, at: "leader" | "follower"): Promise<Failover> {
  await using cluster = await NatsCluster.start({ version });
  const maker = open(cluster.url);
  await retrying(clock, () => maker.ensureStreams(), { maxMs: 300 });
  await maker.close();
  const leader = await cluster.leaderOf(STREAM);
  const others = cluster.servers.filter((server) => server !== leader);
  // One URL is all that it is told: the others it learns from that server.
  const log = open(at === "leader" ? leader.url : others[0].url);
  const load = new Load(log);
  const over = new AbortController();
  const reading = readAll(await log.read(EVENTS, { from: 1 }), () => load.acknowledged.length, over.signal);
  await clock.sleep(2_000);

  assert.equal(await cluster.leaderOf(STREAM), leader, "the leader changed before its time");
  const killedAtMs = clock.monotonicMs();
  await leader.kill();
  const serverMs = (await failedOverAtMs(others)) - killedAtMs;
  await clock.sleep(1_500);
  await leader.start();
  await clock.sleep(500);
  await load.stop();
  over.abort();

  const ids = await reading;
  assert.deepEqual(ids.toSorted(), load.acknowledged.toSorted(), "what was acknowledged is what the log holds, once");
  for (let publisher = 0; publisher < PUBLISHERS; publisher++) {
    const serials = ids.filter((id) => id.startsWith(`${publisher}/`)).map((id) => Number(id.split("/")[1]));
    assert.deepEqual(
      serials,
      serials.map((_, index) => index),
      `publisher ${publisher} is in order`,
    );
  }
  const ourMs = Math.max(...load.waits.map(({ untilMs }) => untilMs)) - killedAtMs;
  const { failures } = load;
  const { failedTries } = log;
  await log.close();
  return { serverMs, ourMs, failedTries, failures };
}

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`Three ${version} servers`, {
    skip: missing === null ? false : `skipped: ${missing}`,
    timeout: 60_000,
  }, () => {
    for (const at of version === "newer" ? (["leader", "follower"] as const) : (["leader"] as const)) {
      test(`The leader of a stream is killed under load, we connected to the ${at}: nothing is lost, order is kept.`, async (context) => {
        const { serverMs, ourMs, failedTries, failures } = await killLeaderUnderLoad(version, at);
        context.diagnostic(
          `server back after ${Math.round(serverMs)} ms, we after ${Math.round(ourMs)} ms; ` +
            `${failedTries} messages sent in vain, ${failures} appends failed`,
        );
        assert.ok(ourMs <= serverMs + 2_000, `publishing resumed ${ourMs - serverMs} ms after the server`);
        assert.ok(failedTries < 50, `${failedTries} messages were sent in vain`);
        // Without a connection an append fails at once and nothing is sent: that is bounded by the publishers' own waits.
        assert.ok(failures < PUBLISHERS * 10, `${failures} appends failed`);
      });
    }
  });
}
