import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { partitionOf } from "@farmscope/domain";
import { type Batch, type ControlRecord, ControlRecordSchema, create, toBinary } from "@farmscope/proto";
import { ManualClock, OperatingError } from "@farmscope/runtime";
import { Emitter, type EmitterOptions } from "./app.ts";
import { canonicalStream, decodeBatch, recordsOf, SILENT, settle, UnreliableLog } from "./fixtures.ts";
import { type SyntheticOptions, SyntheticSource } from "./source/synthetic/index.ts";

describe("Emitter", () => {
  const PARTITIONS = 4;
  const NODE = "synthetic-0";
  let dataDir = "";

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "farmscope-emitter-"));
  });

  after(async () => {
    await rm(dataDir, { recursive: true });
  });

  interface Stage {
    readonly clock: ManualClock;
    readonly log: UnreliableLog;
  }

  function stage(): Stage {
    const clock = new ManualClock();
    return { clock, log: new UnreliableLog(clock) };
  }

  function emitter(
    { clock, log }: Stage,
    source: Partial<SyntheticOptions>,
    options: Partial<EmitterOptions> = {},
  ): Emitter {
    const synthetic = new SyntheticSource({ clock, seed: 4, nodes: 1, memoryBytes: 2 ** 24, ...source });
    return new Emitter({
      log,
      clock,
      logger: SILENT,
      source: synthetic,
      farm: "farm-a",
      partitions: PARTITIONS,
      dataDir,
      ...options,
    });
  }

  /** Lets time pass until the work is done. */
  async function passTimeUntil(clock: ManualClock, work: Promise<void>): Promise<void> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    finished.catch(() => undefined);
    while (!done) {
      await settle();
      await clock.advance(50);
    }
    await finished;
  }

  /** Starts an emitter and waits, without any time passing, until it is at work. */
  async function started(emitter: Emitter, signal: AbortSignal): Promise<Promise<void>[]> {
    const running = emitter.run(signal);
    let failed = false;
    running.catch(() => {
      failed = true;
    });
    while (emitter.status.waitingFor !== null && !failed) await settle();
    return [running];
  }

  async function passTime(clock: ManualClock, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      await settle();
      await clock.advance(50);
    }
    await settle();
  }

  async function batchesOf(log: UnreliableLog, node = NODE): Promise<Batch[]> {
    const records = await recordsOf(log, partitionOf(node, PARTITIONS));
    return records.filter(({ key }) => key === node).map(({ payload }) => decodeBatch(payload));
  }

  function control(body: ControlRecord["body"]): Uint8Array {
    return toBinary(ControlRecordSchema, create(ControlRecordSchema, { version: 1, id: "1", body }));
  }

  function membership(node: string, farm: string, version: number): Uint8Array {
    return control({
      case: "membership",
      value: { $typeName: "farmscope.control.v1.Membership", node, farm, version },
    });
  }

  test("a finite source is published to its end, in order, without gaps, and accounted for", async () => {
    const { clock, log } = stage();
    const running = emitter({ clock, log }, { rate: 0, eventsPerNode: 20_000, nodes: 3 });
    await passTimeUntil(clock, running.run(new AbortController().signal));
    for (const node of ["synthetic-0", "synthetic-1", "synthetic-2"]) {
      const batches = await batchesOf(log, node);
      assert.deepEqual(
        batches.map(({ identity }) => identity?.seq),
        batches.map((_, index) => index),
      );
      assert.equal(batches.at(-1)?.last, true);
      assert.equal(batches[0].farm, "farm-a");
    }
    const [batch, append] = running.status.stages;
    assert.deepEqual([batch.held, batch.dropped, append.held, append.dropped], [0, 0, 0, 0]);
    assert.ok(batch.in > 60_000);
  });

  test("stopping closes the last batches and waits for the log", async () => {
    const { clock, log } = stage();
    const stop = new AbortController();
    const [running] = await started(emitter({ clock, log }, { rate: 2000 }), stop.signal);
    await passTime(clock, 3000);
    stop.abort();
    await passTimeUntil(clock, running);
    const batches = await batchesOf(log);
    assert.equal(batches.at(-1)?.last, true);
    const { seen, batched } = batches.at(-1)?.counters?.pages ?? {};
    assert.equal(seen, batched);
  });

  test("a log that is away loses nothing: the source is paused and goes on", async () => {
    const { clock, log } = stage();
    log.failures = 50;
    const limits = { spoolBatchesMax: 2, windowBatchesMax: 2, spoolBytesMax: 8 * 2 ** 20 };
    const running = emitter({ clock, log }, { rate: 0, eventsPerNode: 30_000 }, { limits });
    await passTimeUntil(clock, running.run(new AbortController().signal));
    const disturbed = await batchesOf(log);

    const calm = stage();
    await passTimeUntil(
      calm.clock,
      emitter(calm, { rate: 0, eventsPerNode: 30_000 }).run(new AbortController().signal),
    );
    assert.deepEqual(canonicalStream(disturbed), canonicalStream(await batchesOf(calm.log)));
  });

  test("a log that is away when a source ends is waited for, unless somebody is in a hurry", async () => {
    for (const hurries of [false, true]) {
      const { clock, log } = stage();
      const stop = new AbortController();
      const running = emitter({ clock, log }, { rate: 0, eventsPerNode: 5000 });
      const append = log.append.bind(log);
      const away = new OperatingError("LOG_UNAVAILABLE", "away", { retriable: true });
      log.append = () => Promise.reject(away);
      const done = running.run(stop.signal);
      await passTime(clock, 20_000);
      if (hurries) stop.abort();
      else log.append = append;
      await passTimeUntil(clock, done);
      assert.equal(running.status.stages[1].held === 0, !hurries);
    }
  });

  test("an emitter killed at any moment is followed by one that goes on where the log ends", async () => {
    const calm = stage();
    const events = { rate: 5000, eventsPerNode: 20_000 };
    await passTimeUntil(calm.clock, emitter(calm, events).run(new AbortController().signal));
    const whole = canonicalStream(await batchesOf(calm.log));

    const { clock, log } = stage();
    const killed = new AbortController();
    const [first] = await started(emitter({ clock, log }, events), killed.signal);
    await passTime(clock, 2000);
    const append = log.append.bind(log);
    log.append = () => new Promise(() => undefined);
    killed.abort();
    await passTimeUntil(clock, first);
    log.append = append;

    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    const batches = await batchesOf(log);
    assert.ok(new Set(batches.map(({ identity }) => identity?.start)).size === 2, "two starts of one boot");
    assert.deepEqual(canonicalStream(batches), whole);
  });

  test("an emitter goes on behind the furthest batch of the log, which need not be the newest", async () => {
    const calm = stage();
    const events = { rate: 5000, eventsPerNode: 20_000 };
    await passTimeUntil(calm.clock, emitter(calm, events).run(new AbortController().signal));
    const stream = { kind: "event", partition: partitionOf(NODE, PARTITIONS) } as const;
    const records = await recordsOf(calm.log, stream.partition);

    const { clock, log } = stage();
    const late = records[2];
    for (const { key, payload } of [...records.slice(0, 5), late]) await log.append(stream, key, payload);
    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    const batches = await batchesOf(log);
    batches.splice(5, 1);
    assert.deepEqual(canonicalStream(batches), canonicalStream(await batchesOf(calm.log)));
  });

  test("a start that ends before it has anything to say does not make the next one begin anew", async () => {
    const { clock, log } = stage();
    const events = { rate: 0, eventsPerNode: 2000 };
    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    const whole = canonicalStream(await batchesOf(log));
    for (let start = 0; start < 2; start++) {
      await clock.advance(10);
      await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    }
    const batches = await batchesOf(log);
    assert.equal(new Set(batches.map(({ identity }) => identity!.start)).size, 3);
    assert.deepEqual(canonicalStream(batches), whole);
  });

  test("a log that loses its tail while the emitter looks for where it was is looked at again", async () => {
    const { clock, log } = stage();
    const events = { rate: 0, eventsPerNode: 2000 };
    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    const whole = canonicalStream(await batchesOf(log));
    const read = log.read.bind(log);
    log.read = (stream, options) => {
      if (stream.kind === "event") log.inner.loseTail(stream, 2);
      if (stream.kind === "event") log.read = read;
      return read(stream, options);
    };
    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    assert.deepEqual(canonicalStream(await batchesOf(log)), whole);
  });

  test("a stop while the emitter looks for where it was leaves nothing in the log", async () => {
    const { clock, log } = stage();
    const events = { rate: 0, eventsPerNode: 2000 };
    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    const before = await batchesOf(log);
    const stop = new AbortController();
    const lastOf = log.lastOf.bind(log);
    log.lastOf = (stream, key) => {
      stop.abort();
      return lastOf(stream, key);
    };
    await passTimeUntil(clock, emitter({ clock, log }, events).run(stop.signal));
    assert.deepEqual(await batchesOf(log), before);
  });

  test("a start is newer than the ones before it, though the clock was set back in between", async () => {
    const { clock, log } = stage();
    const events = { rate: 0, eventsPerNode: 2000 };
    await passTimeUntil(clock, emitter({ clock, log }, events).run(new AbortController().signal));
    const setBack = new ManualClock(clock.nowMs() - 3_600_000);
    await passTimeUntil(setBack, emitter({ clock: setBack, log }, events).run(new AbortController().signal));
    const starts = [...new Set((await batchesOf(log)).map(({ identity }) => identity!.start))];
    assert.equal(starts.length, 2);
    assert.ok(starts[1] > starts[0]);
  });

  test("the farm comes from the registry when it names one, from the first batch on, and follows its changes", async () => {
    const { clock, log } = stage();
    await log.append({ kind: "control" }, "c", membership(NODE, "farm-b", 2));
    await log.append({ kind: "control" }, "c", membership("another", "farm-x", 9));
    await log.append({ kind: "control" }, "c", Uint8Array.of(255, 255));
    const stop = new AbortController();
    const [running] = await started(emitter({ clock, log }, { rate: 2000 }), stop.signal);
    await passTime(clock, 2000);
    await log.append({ kind: "control" }, "c", membership(NODE, "farm-c", 3));
    await log.append({ kind: "control" }, "c", membership(NODE, "farm-old", 1));
    await passTime(clock, 2000);
    stop.abort();
    await passTimeUntil(clock, running);
    const farms = (await batchesOf(log)).map(({ farm, membershipVersion }) => `${farm} ${membershipVersion}`);
    assert.deepEqual([...new Set(farms)], ["farm-b 2", "farm-c 3"]);
  });

  test("a restarted emitter knows from the log which farm its node was moved to, of two moves of one version the first", async () => {
    const { clock, log } = stage();
    const first = new AbortController();
    const [running] = await started(emitter({ clock, log }, { rate: 2000 }), first.signal);
    await passTime(clock, 1000);
    await log.append({ kind: "control" }, "c", membership(NODE, "farm-b", 1));
    await log.append({ kind: "control" }, "c", membership(NODE, "farm-late", 1));
    await passTime(clock, 1000);
    first.abort();
    await passTimeUntil(clock, running);
    const before = (await batchesOf(log)).length;
    await clock.advance(10);
    const second = new AbortController();
    const [again] = await started(emitter({ clock, log }, { rate: 2000 }), second.signal);
    await passTime(clock, 1000);
    second.abort();
    await passTimeUntil(clock, again);
    const batches = await batchesOf(log);
    assert.ok(batches.length > before);
    const farms = (some: readonly Batch[]) => [
      ...new Set(some.map(({ farm, membershipVersion }) => `${farm} ${membershipVersion}`)),
    ];
    assert.deepEqual(farms(batches.slice(0, before)), ["farm-a 0", "farm-b 1"]);
    assert.deepEqual(farms(batches.slice(before)), ["farm-b 1"]);
  });

  test("an observation asked for through the log is made, one asked for before this start is not", async () => {
    const { clock, log } = stage();
    const observe = control({
      case: "observe",
      value: { $typeName: "farmscope.control.v1.Observe", node: NODE, reason: "gap" },
    });
    await log.append({ kind: "control" }, "c", observe);
    await clock.advance(10);
    const stop = new AbortController();
    const [running] = await started(emitter({ clock, log }, { rate: 2000 }), stop.signal);
    await passTime(clock, 2000);
    const begun = async (): Promise<number> =>
      (await batchesOf(log)).filter(({ observation }) => observation?.begin).length;
    assert.equal(await begun(), 1);
    await log.append({ kind: "control" }, "c", observe);
    await passTime(clock, 2000);
    assert.equal(await begun(), 2);
    stop.abort();
    await passTimeUntil(clock, running);
  });

  test("an observation asked for through the log is made by an emitter whose clock is ahead", async () => {
    const { clock, log } = stage();
    const ahead = new ManualClock(clock.nowMs() + 3_600_000);
    const stop = new AbortController();
    const [running] = await started(emitter({ clock: ahead, log }, { rate: 2000 }), stop.signal);
    await passTime(ahead, 2000);
    const value = { $typeName: "farmscope.control.v1.Observe", node: NODE, reason: "gap" } as const;
    await log.append({ kind: "control" }, "c", control({ case: "observe", value }));
    await passTime(ahead, 2000);
    assert.equal((await batchesOf(log)).filter(({ observation }) => observation?.begin).length, 2);
    stop.abort();
    await passTimeUntil(ahead, running);
  });

  test("a second emitter of the same node refuses to start", async () => {
    const { clock, log } = stage();
    const stop = new AbortController();
    const [running] = await started(emitter({ clock, log }, { rate: 10 }), stop.signal);
    await passTime(clock, 500);
    await assert.rejects(emitter({ clock, log }, { rate: 10 }).run(stop.signal), { code: "ALREADY_RUNNING" });
    stop.abort();
    await passTimeUntil(clock, running);
  });

  test("every closed batch is shown to the listener ahead of its publishing", async () => {
    const { clock, log } = stage();
    const shown: string[] = [];
    const onBatch: EmitterOptions["onBatch"] = ({ id }) => shown.push(id);
    const running = emitter({ clock, log }, { rate: 0, eventsPerNode: 9000 }, { onBatch });
    await passTimeUntil(clock, running.run(new AbortController().signal));
    assert.deepEqual(log.attempts, shown);
  });

  test("what was accepted before the source failed is published, and the failure is told", async () => {
    const { clock, log } = stage();
    const source = new SyntheticSource({ clock, seed: 4, nodes: 1, memoryBytes: 2 ** 24, rate: 2000 });
    const poll = source.poll.bind(source);
    source.poll = (nowMs) => {
      if (nowMs > 2000) throw new OperatingError("SOURCE_UNREADABLE", "gone");
      return poll(nowMs);
    };
    const running = new Emitter({ log, clock, logger: SILENT, source, farm: "f", partitions: PARTITIONS, dataDir });
    await assert.rejects(passTimeUntil(clock, running.run(new AbortController().signal)), {
      code: "SOURCE_UNREADABLE",
    });
    const batches = await batchesOf(log);
    assert.ok(batches.length > 2);
    assert.equal(batches.at(-1)?.last, true);
  });

  test("without its control stream the emitter ends in an orderly way and says why", async () => {
    const { clock, log } = stage();
    const stop = new AbortController();
    const [running] = await started(emitter({ clock, log }, { rate: 2000 }), stop.signal);
    await passTime(clock, 1000);
    log.failReads(new OperatingError("LOG_MISCONFIGURED", "no such stream"));
    await assert.rejects(passTimeUntil(clock, running), { code: "LOG_MISCONFIGURED" });
    assert.equal((await batchesOf(log)).at(-1)?.last, true);
  });
});
