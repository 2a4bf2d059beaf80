import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { PageColumns } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import { WIRE_GC, WIRE_PAGE, WIRE_RUNQ } from "../wire.gen.ts";
import { decodePages } from "./decode.ts";
import { finish, pollWhile, skip, storm } from "./fixtures/kernel.ts";
import { type GroupOptions, KernelGroup } from "./kernel-group.ts";
import { readRam } from "./memory-layout.ts";
import { loadNative } from "./native.ts";

const PAGE: GroupOptions = { name: "page", ringBytes: 16 * 2 ** 20, recordBytes: WIRE_PAGE.size };
const POLL_RECORDS = 65_536;

function open(t: TestContext, options: GroupOptions): KernelGroup {
  const group = new KernelGroup(loadNative(), options, POLL_RECORDS);
  t.after(() => group.close());
  return group;
}

interface PageEvent {
  readonly tick: number;
  readonly pfn: number;
  readonly pid: number;
  readonly kind: number;
  readonly order: number;
}

/** Keeps all page events in ring order. */
class PageRecorder {
  readonly events: PageEvent[] = [];
  readonly #columns = new PageColumns(POLL_RECORDS);

  readonly take = (group: KernelGroup, count: number): void => {
    decodePages(group.words, 0, count, this.#columns, { need: () => undefined });
    const { tick, pfn, pid, kind, order } = this.#columns;
    for (let row = 0; row < count; row++) {
      this.events.push({ tick: tick[row], pfn: pfn[row], pid: pid[row], kind: kind[row], order: order[row] });
    }
  };
}

test("every program of every group loads, and all but the uprobes attach", { skip }, (t) => {
  const pages = open(t, PAGE);
  assert.match(pages.calibrate(), /^0xffff[0-9a-f]{6}0000000$|^0xff[0-9a-f]{14}$/);
  assert.equal(pages.attach(), 13);
  assert.deepEqual(pages.absent(), []);
  const sched = open(t, { name: "sched", ringBytes: 65_536, recordBytes: WIRE_RUNQ.size });
  assert.equal(sched.attach(), 3);
  assert.deepEqual(sched.absent(), []);
  const gc = open(t, { name: "gc", ringBytes: 65_536, recordBytes: WIRE_GC.size });
  assert.equal(gc.attach(), 0);
  assert.deepEqual(gc.absent(), []);
});

test("calibration refuses a base that is not aligned as it must be", { skip }, (t) => {
  const impossible = open(t, { ...PAGE, baseAlignment: 2 ** 52 });
  assert.throws(
    () => impossible.calibrate(),
    (error) =>
      error instanceof OperatingError &&
      error.code === "BPF_LOAD_FAILED" &&
      /[1-9]\d* pairs refused, 0 agreed/.test(error.message),
  );
});

test("an object file that is not there is an operating error that names it", { skip }, () => {
  assert.throws(
    () => new KernelGroup(loadNative(), { ...PAGE, name: "nothing" as "page" }, 1),
    (error) => error instanceof OperatingError && /nothing\.o: No such file/.test(error.message),
  );
});

test("under a storm of mappings every event arrives, can be decoded, and the counters balance", { skip }, async (t) => {
  const group = open(t, PAGE);
  group.calibrate();
  const startNs = loadNative().monotonicNs();
  group.attach();
  const recorder = new PageRecorder();
  await pollWhile(storm(3), [group], recorder.take);
  finish(group, recorder.take);
  const endNs = loadNative().monotonicNs();
  const { seen, emitted, sampledOut, ringLost, malformed } = group.counters();
  const { events } = recorder;
  t.diagnostic(`${JSON.stringify(group.counters())}`);
  assert.ok(events.length > 50_000, `${events.length} events`);
  assert.deepEqual([ringLost, sampledOut, malformed], [0, 0, 0]);
  assert.deepEqual([emitted, seen], [events.length, events.length]);
  const ram = readRam(loadNative().pageBytes());
  const inRam = (pfn: number): boolean => ram.some(({ first, end }) => pfn >= first && pfn < end);
  const strange = events.filter(
    ({ tick, pfn, kind, order }) =>
      kind > 4 || order > 10 || pfn % 2 ** order !== 0 || !inRam(pfn) || tick < startNs / 64 - 1 || tick > endNs / 64,
  );
  assert.deepEqual(strange, []);
  // The others come and go with how much the per-CPU lists hold.
  for (const kind of [0, 1])
    assert.ok(
      events.some((event) => event.kind === kind),
      `kind ${kind}`,
    );
});

/** Frames behind the biggest mapping of this process, from /proc/self/pagemap. */
function framesOfBiggestMapping(bytesMin: number): number[] {
  const pageBytes = loadNative().pageBytes();
  const ranges = [...readFileSync("/proc/self/maps", "utf8").matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw-p .* 0 *$/gm)]
    .map(([, start, end]) => [Number.parseInt(start, 16), Number.parseInt(end, 16)])
    .filter(([start, end]) => end - start >= bytesMin)
    .sort(([a, b], [c, d]) => d - c - (b - a));
  assert.ok(ranges.length > 0, "the mapping that was just made");
  const [start, end] = ranges[0];
  const entries = Buffer.alloc(((end - start) / pageBytes) * 8);
  const file = openSync("/proc/self/pagemap", "r");
  readSync(file, entries, 0, entries.length, (start / pageBytes) * 8);
  closeSync(file);
  const frames: number[] = [];
  for (let at = 0; at < entries.length; at += 8) {
    const entry = entries.readBigUInt64LE(at);
    if (entry >> 63n === 1n) frames.push(Number(entry & ((1n << 55n) - 1n)));
  }
  return frames;
}

test("the frames that a process got are those that its page map names", { skip }, async (t) => {
  const group = open(t, PAGE);
  group.calibrate();
  group.attach();
  const recorder = new PageRecorder();
  const bytes = 96 * 2 ** 20;
  const memory = new Uint8Array(bytes).fill(7);
  const frames = framesOfBiggestMapping(bytes);
  finish(group, recorder.take);
  assert.equal(memory[bytes - 1], 7);
  const got = new Set<number>();
  for (const { kind, pid, pfn, order } of recorder.events) {
    if (kind === 0 && pid === process.pid) for (let at = 0; at < 2 ** order; at++) got.add(pfn + at);
  }
  const missed = frames.filter((frame) => !got.has(frame));
  assert.ok(frames.length >= bytes / 4096 / 2, `${frames.length} frames`);
  assert.ok(missed.length <= frames.length * 0.001, `${missed.length} of ${frames.length} frames were not seen`);
});

test("sampling keeps or leaves out whole blocks, and counts what it leaves out", { skip }, async (t) => {
  const group = open(t, PAGE);
  group.calibrate();
  const salt = 12345;
  group.configure(4, 1, salt, 10);
  group.attach();
  const recorder = new PageRecorder();
  await pollWhile(storm(1), [group], recorder.take);
  finish(group, recorder.take);
  const { seen, emitted, sampledOut, ringLost } = group.counters();
  assert.equal(seen, emitted + sampledOut + ringLost);
  assert.equal(emitted, recorder.events.length);
  assert.ok(sampledOut > emitted, `${sampledOut} left out, ${emitted} kept`);
  const foreign = recorder.events.filter(({ pfn }) => murmurFinaliser((pfn >>> 10) ^ salt) % 4 !== 0);
  assert.deepEqual(foreign, []);
});

function murmurFinaliser(key: number): number {
  let hash = key >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
