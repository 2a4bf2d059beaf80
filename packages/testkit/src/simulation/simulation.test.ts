import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "@farmscope/domain";
import { MemoryLog } from "@farmscope/log";
import { CALM, type Trouble } from "./channel.ts";
import { Scheduler } from "./scheduler.ts";
import { SimulatedLog } from "./simulated-log.ts";
import { SimulatedProcess } from "./simulated-process.ts";

const STREAM = { kind: "event", partition: 0 } as const;

function setUp(seed = 1) {
  const scheduler = new Scheduler(new Random(seed).fork("scheduler"));
  const process = new SimulatedProcess("p", scheduler, new Random(seed).fork("process"));
  return { scheduler, process };
}

function logOf(process: SimulatedProcess, trouble: Partial<Trouble> = {}) {
  const broker = new MemoryLog({ clock: process.clock });
  const log = new SimulatedLog({ process, broker, trouble: () => ({ ...CALM, ...trouble }), deduplicates: false });
  return { broker, log };
}

test("steps run in the order of their times, and what a step sets going settles before the next", async () => {
  const { scheduler } = setUp();
  const seen: string[] = [];
  const chain = async (name: string): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await undefined;
    seen.push(`${name} at ${scheduler.nowMs}`);
  };
  scheduler.at(30, () => void chain("c"));
  scheduler.at(10, () => void chain("a"));
  scheduler.at(20, () => void chain("b"));
  scheduler.at(25, () => seen.push("never"))();
  await scheduler.runUntil(100);
  assert.deepEqual(seen, ["a at 10", "b at 20", "c at 30"]);
  assert.equal(scheduler.nowMs, 100);
});

test("the seed decides between steps of the same moment, and nothing else does", async () => {
  const orders = new Set<string>();
  for (const seed of [1, 2, 3, 4, 5, 1]) {
    const { scheduler } = setUp(seed);
    const order: number[] = [];
    for (let step = 0; step < 6; step++) scheduler.at(5, () => order.push(step));
    await scheduler.runUntil(10);
    orders.add(`${seed}: ${order.join("")} ${scheduler.fingerprint}`);
  }
  assert.equal(orders.size, 5);
  assert.ok(new Set([...orders].map((order) => order.slice(3, 9))).size > 1);
});

test("what arrives during a pause is there after it; what arrives after death never is", async () => {
  const { scheduler, process } = setUp();
  const woke: number[] = [];
  void process.clock.sleep(10).then(() => woke.push(scheduler.nowMs));
  process.pause();
  scheduler.at(50, () => process.wake());
  await scheduler.runUntil(60);
  assert.deepEqual(woke, [50]);
  void process.clock.sleep(10).then(() => woke.push(scheduler.nowMs));
  process.kill();
  await scheduler.runUntil(100);
  assert.deepEqual(woke, [50]);
});

test("a sleep that is cancelled ends at once and is no step of the run any more", async () => {
  const { scheduler, process } = setUp();
  const stop = new AbortController();
  const slept = process.clock.sleep(10, stop.signal);
  stop.abort();
  await assert.rejects(slept, { code: "ABORTED" });
  await scheduler.runUntil(20);
  assert.equal(scheduler.steps, 0);
});

test("appends arrive in the order in which they were sent, unless they may be overtaken", async () => {
  for (const reorderShare of [0, 0.5]) {
    const { scheduler, process } = setUp();
    const { log, broker } = logOf(process, { latencyMsMax: 100, reorderShare, reorderMsMax: 200 });
    for (let at = 0; at < 20; at++) void log.append(STREAM, String(at), new Uint8Array(1));
    await scheduler.runUntil(1_000);
    const reader = await broker.read(STREAM, { from: 1 });
    const keys = (await reader.next(100, 0)).map(({ key }) => Number(key));
    const inOrder = keys.toSorted((a, b) => a - b);
    assert.equal(keys.length, 20);
    assert.equal(keys.join() === inOrder.join(), reorderShare === 0);
  }
});

test("a lost request has no effect, a lost answer has one, and the caller cannot tell them apart", async () => {
  for (const [trouble, expected] of [
    [{ lostRequestShare: 1 }, 0],
    [{ lostAnswerShare: 1 }, 1],
  ] as const) {
    const { scheduler, process } = setUp();
    const { log, broker } = logOf(process, trouble);
    const refused = assert.rejects(log.append(STREAM, "k", new Uint8Array(1)), { code: "LOG_UNAVAILABLE" });
    await scheduler.runUntil(1_000);
    await refused;
    assert.equal((await broker.positions(STREAM)).last, expected);
  }
});

test("a reader that waits for records gets those of others, through a pause and not after death", async () => {
  const { scheduler, process } = setUp();
  const { log, broker } = logOf(process);
  const got: number[] = [];
  const follow = async (): Promise<void> => {
    const reader = await log.read(STREAM, { from: 1 });
    for (;;) got.push(...(await reader.next(10, 1_000)).map(({ position }) => position));
  };
  void follow();
  scheduler.at(100, () => void broker.append(STREAM, "k", new Uint8Array(1)));
  await scheduler.runUntil(200);
  assert.deepEqual(got, [1]);
  process.pause();
  await broker.append(STREAM, "k", new Uint8Array(1));
  await scheduler.runUntil(300);
  assert.deepEqual(got, [1]);
  process.wake();
  await scheduler.runUntil(400);
  assert.deepEqual(got, [1, 2]);
  process.kill();
  await broker.append(STREAM, "k", new Uint8Array(1));
  await scheduler.runUntil(500);
  assert.deepEqual(got, [1, 2]);
});
