import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { TICKS_PER_MS } from "@farmscope/domain";
import type { Batch } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { EMITTER_LIMITS } from "../../config.ts";
import { CollectingOutlet, foldPages, pfnsOf, pollToEnd } from "../../fixtures.ts";
import { Batcher } from "../../stages/batcher.ts";
import { SyntheticSource } from "../synthetic/index.ts";
import { encodeTrace, type TraceOptions, TraceSource, TraceWriter } from "./index.ts";

describe("a recorded trace", () => {
  const HEADER = { node: "recorded", recordedAtMs: 1_700_000_000_000, comment: "test" };
  let directory = "";

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "farmscope-trace-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  /** Records a synthetic node. */
  async function record(path: string): Promise<readonly Batch[]> {
    const clock = new ManualClock();
    const source = new SyntheticSource({
      clock,
      seed: 9,
      nodes: 1,
      eventsPerNode: 20_000,
      rate: 0,
      memoryBytes: 2 ** 24,
    });
    const [node] = await source.open();
    const outlet = new CollectingOutlet();
    const rest = { outlet, clock, limits: EMITTER_LIMITS, messageBytesMax: 2 ** 20, lossy: false };
    const batcher = new Batcher({ node, membership: { farm: "f", version: 0 }, ...rest });
    await source.start(new Map([[node.id, batcher]]), new Map());
    pollToEnd(source);
    await source.close();
    batcher.finish();
    const writer = new TraceWriter(path, HEADER);
    for (const { payload } of outlet.encoded) assert.equal(writer.write(payload), true);
    await writer.close();
    return outlet.batches;
  }

  async function play(options: Omit<TraceOptions, "clock">) {
    const clock = new ManualClock(1_800_000_000_000);
    const source = new TraceSource({ clock, ...options });
    const [node] = await source.open();
    const outlet = new CollectingOutlet();
    const rest = { outlet, clock, limits: EMITTER_LIMITS, messageBytesMax: 2 ** 20, lossy: false };
    const batcher = new Batcher({ node, membership: { farm: "f", version: 0 }, ...rest });
    await source.start(new Map([[node.id, batcher]]));
    const finish = async (): Promise<void> => {
      await source.close();
      batcher.finish();
    };
    return { clock, source, node, finish, batches: outlet.batches };
  }

  function expectCorrupt(path: string, message: RegExp): Promise<void> {
    const source = new TraceSource({ clock: new ManualClock(), path });
    return assert.rejects(source.open(), { code: "TRACE_CORRUPT", message });
  }

  test("a trace played gives the same events and the same memory as what was recorded", async () => {
    const path = join(directory, "a.trace");
    const recorded = await record(path);
    const { source, node, finish, batches } = await play({ path, speed: 0 });
    pollToEnd(source);
    await finish();
    assert.equal(node.id, "recorded");
    assert.deepEqual(pfnsOf(batches), pfnsOf(recorded));
    assert.deepEqual(foldPages(batches).zones(), foldPages(recorded).zones());
    assert.equal(batches[0].facts?.source, "trace");
    const [was, is] = [recorded, batches].map((all) => all.at(-1)?.counters);
    for (const kind of ["pages", "runq", "gc"] as const) {
      assert.equal(is?.[kind]?.batched, was?.[kind]?.batched, kind);
      assert.equal(is?.[kind]?.seen, was?.[kind]?.seen, kind);
    }
  });

  test("a trace is played at its own pace, or faster, and dated now", async () => {
    const path = join(directory, "a.trace");
    const recorded = await record(path);
    const ticks = recorded.map((batch) => Number(batch.clock?.baseTick));
    const lengthMs = (Math.max(...ticks) - Math.min(...ticks)) / TICKS_PER_MS;
    for (const speed of [1, 4]) {
      const { source, clock, finish, batches } = await play({ path, speed });
      while (!source.finished) {
        source.poll(clock.monotonicMs());
        await clock.advance(20);
      }
      const tookMs = clock.monotonicMs();
      assert.ok(
        Math.abs(tookMs - lengthMs / speed) < 500,
        `${tookMs} ms at speed ${speed}, recorded in ${lengthMs} ms`,
      );
      await finish();
      const { baseTick = 0n, realtimeOffsetUs = 0n } = batches.at(-1)?.clock ?? {};
      const datedMs = Number(baseTick) / TICKS_PER_MS + Number(realtimeOffsetUs) / 1000;
      assert.ok(Math.abs(datedMs - clock.nowMs()) < 2000, `${datedMs - clock.nowMs()} ms from now`);
    }
  });

  test("a loop begins again with later times, and ends only when it is stopped", async () => {
    const path = join(directory, "a.trace");
    const recorded = await record(path);
    const { source, finish, batches } = await play({ path, speed: 0, loop: true, node: "mine" });
    for (let poll = 0; poll < recorded.length; poll++) source.poll(0);
    assert.equal(source.finished, false);
    await finish();
    const begins = batches.filter(({ observation }) => observation?.begin === true);
    assert.ok(begins.length > 2);
    const ticks = begins.map(({ observation }) => Number(observation?.chunks[0].tick));
    assert.deepEqual(
      ticks,
      ticks.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(ticks).size, ticks.length);
    assert.equal(batches[0].identity?.node, "mine");
  });

  test("each playing is a boot of its own", async () => {
    const path = join(directory, "a.trace");
    await record(path);
    const clock = new ManualClock();
    const [first] = await new TraceSource({ clock, path }).open();
    await clock.advance(1);
    const [second] = await new TraceSource({ clock, path }).open();
    assert.notEqual(first.boot, second.boot);
  });

  test("a damaged trace is refused, saying what is wrong", async () => {
    const path = join(directory, "a.trace");
    await record(path);
    const good = await readFile(path);
    const broken = async (change: (bytes: Buffer) => Buffer, message: RegExp): Promise<void> => {
      const other = join(directory, "broken.trace");
      await writeFile(other, change(Buffer.from(good)));
      await expectCorrupt(other, message);
    };
    await broken((bytes) => bytes.subarray(0, 20), /cut short/);
    await broken((bytes) => bytes.subarray(0, -1), /checksum/);
    await broken((bytes) => {
      bytes[bytes.length - 10] ^= 1;
      return bytes;
    }, /checksum/);
    await broken((bytes) => {
      bytes[0] ^= 1;
      return bytes;
    }, /not a Farmscope trace/);
    await broken((bytes) => {
      bytes[8] = 9;
      return bytes;
    }, /version is 9/);
  });

  test("a trace whose checksum is right and whose content is not is refused too", async () => {
    const path = join(directory, "odd.trace");
    const write = async (records: Uint8Array[]): Promise<void> =>
      writeFile(path, await encodeTrace({ header: HEADER, records }));
    await write([]);
    await expectCorrupt(path, /no batches/);
    await write([Uint8Array.of(255, 255, 255)]);
    await expectCorrupt(path, /record 0 is malformed/);
    await write([Uint8Array.of(8, 2)]);
    await expectCorrupt(path, /record 0 is not a batch/);
    await writeFile(path, await encodeTrace({ header: { node: "" } as never, records: [] }));
    await expectCorrupt(path, /header is incomplete/);
  });

  test("a trace that is not there is unreadable, not corrupt", async () => {
    const source = new TraceSource({ clock: new ManualClock(), path: join(directory, "none") });
    await assert.rejects(source.open(), { code: "SOURCE_UNREADABLE" });
  });

  test("a writer refuses what is beyond its limit, and everything after it", async () => {
    const writer = new TraceWriter(join(directory, "b.trace"), HEADER, 100);
    assert.equal(writer.write(new Uint8Array(100)), true);
    assert.equal(writer.write(new Uint8Array(1)), false);
    assert.equal(writer.write(new Uint8Array(0)), false);
    assert.deepEqual([writer.batches, writer.refused, writer.isFull], [1, 2, true]);
  });
});
