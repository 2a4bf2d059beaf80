import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { JetStreamLog } from "@farmscope/log";
import { type Batch, ObservationReason } from "@farmscope/proto";
import { SystemClock } from "@farmscope/runtime";
import { NatsServer } from "@farmscope/testkit";
import { Emitter } from "../app.ts";
import { decodeBatch, pfnsOf, recordsOf, SILENT } from "../fixtures.ts";
import { ScriptedSource } from "./fixtures/scripted-source.ts";

const missing = NatsServer.missing();
const CHILD = fileURLToPath(new URL("./fixtures/emitter-child.ts", import.meta.url));
const clock = new SystemClock();

/** An emitter's process, and what it has accepted. */
class Child {
  readonly process: ChildProcess;
  /** Highest number accepted, and when we heard of it, in monotonic milliseconds. */
  readonly heard: { readonly seq: number; readonly atMs: number }[] = [];

  constructor(server: NatsServer, dataDir: string, node: string) {
    this.process = spawn(process.execPath, [CHILD, server.url, dataDir, node], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: this.process.stdout! });
    lines.on("line", (line) => this.heard.push({ seq: Number(line), atMs: clock.monotonicMs() }));
  }

  /** Waits until it has accepted so many batches. */
  async accepts(count: number): Promise<void> {
    while (this.heard.length < count) await clock.sleep(10);
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }
}

function logOf(server: NatsServer): JetStreamLog {
  return new JetStreamLog({ url: server.url, namespace: "fs", partitions: 1, bytesMax: 2 ** 28, replicas: 1, clock });
}

async function batchesOf(server: NatsServer): Promise<Batch[]> {
  const log = logOf(server);
  const batches = (await recordsOf(log, 0)).map(({ payload }) => decodeBatch(payload));
  await log.close();
  return batches;
}

const startOf = ({ identity }: Batch): number => Number(identity?.start);
const seqsOf = (batches: readonly Batch[]): number[] => batches.map(({ identity }) => identity?.seq ?? -1);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("the spool while the broker is away", { skip: missing === null ? false : `skipped: ${missing}` }, () => {
  test("an emitter killed meanwhile loses nothing that it had accepted: the next one publishes it first, in order", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "farmscope-outage-"));
    await using server = await NatsServer.start();
    const first = new Child(server, dataDir, "outage-a");
    await first.accepts(60);
    await server.kill();
    const acceptedBefore = first.heard.length;
    await clock.sleep(3_000);
    await first.end("SIGKILL");
    const killedAtMs = clock.monotonicMs();
    const acceptedWhileAway = first.heard.length - acceptedBefore;
    // What was accepted less than 100 ms before may still have been on its way to the disk.
    const safe = first.heard.filter(({ atMs }) => atMs < killedAtMs - 100).length;

    const second = new Child(server, dataDir, "outage-a");
    await clock.sleep(300);
    await server.start();
    await second.accepts(60);
    assert.equal(await second.end("SIGTERM"), 0);
    const batches = await batchesOf(server);
    await rm(dataDir, { recursive: true });

    const starts = [...new Set(batches.map(startOf))];
    assert.deepEqual(starts.length, 2);
    assert.deepEqual(
      batches.map(startOf),
      batches.map(startOf).sort((a, b) => a - b),
      "the earlier life's batches stand before the later one's",
    );
    const lives = starts.map((start) => batches.filter((batch) => startOf(batch) === start));
    for (const life of lives) {
      assert.deepEqual(seqsOf(life), numbers(life.length), "each once, in order, without a gap");
      const pfns = pfnsOf(life);
      assert.deepEqual(pfns, numbers(pfns.length));
    }
    assert.ok(acceptedWhileAway > 100, `${acceptedWhileAway} batches while the broker was away`);
    assert.ok(lives[0].length >= safe, `${lives[0].length} of ${safe} batches`);
    assert.equal(lives[1].at(-1)?.last, true);
  });

  test("what exceeds the limit is lost by exact count, an observation is asked for, and no number is missing", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "farmscope-outage-"));
    await using server = await NatsServer.start();
    const log = logOf(server);
    const eventsMax = 100_000;
    const source = new ScriptedSource({ clock, node: "outage-b", rate: 20_000, eventsMax });
    const limits = {
      batchAgeMsMax: 10,
      spoolBatchesMax: 2,
      spoolBytesMax: 2 ** 14,
      windowBatchesMax: 4,
      spoolDiskBytesMax: 2 ** 16,
      spoolSegmentBytesMax: 2 ** 14,
    };
    const emitter = new Emitter({ log, clock, logger: SILENT, source, farm: "f", partitions: 1, dataDir, limits });
    const running = emitter.run(new AbortController().signal);
    await clock.sleep(1_000);
    await server.kill();
    await clock.sleep(2_500);
    await server.start();
    await running;
    await log.close();
    const batches = await batchesOf(server);
    await rm(dataDir, { recursive: true });

    assert.deepEqual(seqsOf(batches), numbers(batches.length));
    const { seen, batched, spoolLost } = batches.at(-1)!.counters!.pages!;
    assert.equal(Number(seen), eventsMax);
    assert.equal(Number(spoolLost), eventsMax - pfnsOf(batches).length);
    assert.equal(batched + spoolLost, seen);
    assert.ok(spoolLost > 0n, "the limit was reached");
    assert.deepEqual(source.asked, [ObservationReason.LOSS]);
    const [batch, append] = emitter.status.stages;
    assert.deepEqual([batch.dropped, batch.held], [Number(spoolLost), 0]);
    assert.deepEqual([append.out, append.dropped, append.held], [append.in, 0, 0]);
  });
});
