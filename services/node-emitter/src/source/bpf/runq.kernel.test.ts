import assert from "node:assert/strict";
import { mkdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { WIRE_RUNQ } from "../wire.gen.ts";
import { ownersMount } from "./cgroup-names.ts";
import { finish, pollWhile, run, skip, switching } from "./fixtures/kernel.ts";
import { RunqRecorder } from "./fixtures/runq-recorder.ts";
import { HISTOGRAM_ROWS_MAX } from "./histogram-deltas.ts";
import { KernelGroup } from "./kernel-group.ts";
import { HISTOGRAM_COLUMNS, loadNative } from "./native.ts";

const POLL_RECORDS = 65_536;

function open(t: TestContext, keepOneIn: number, salt = 0): KernelGroup {
  const options = { name: "sched", ringBytes: 16 * 2 ** 20, recordBytes: WIRE_RUNQ.size } as const;
  const group = new KernelGroup(loadNative(), options, POLL_RECORDS);
  t.after(() => group.close());
  group.configure(1, keepOneIn, salt, 10);
  assert.equal(group.attach(), 3);
  return group;
}

/** The kernel's histograms: by cgroup, sum and counts by slot; those without a count left out. */
function kernelHistograms(group: KernelGroup): Map<number, { sumNs: number; slots: number[] }> {
  const rows = new Float64Array(HISTOGRAM_ROWS_MAX * HISTOGRAM_COLUMNS);
  const count = group.histograms(rows);
  const histograms = new Map<number, { sumNs: number; slots: number[] }>();
  for (let row = 0; row < count; row++) {
    const [cgroup, sumNs, ...slots] = rows.subarray(row * HISTOGRAM_COLUMNS, (row + 1) * HISTOGRAM_COLUMNS);
    if (slots.some((slot) => slot > 0)) histograms.set(cgroup, { sumNs, slots });
  }
  return histograms;
}

test("with every task kept, the kernel's slots and sums are exactly those of the raw records", { skip }, async (t) => {
  const group = open(t, 1);
  const recorder = new RunqRecorder(POLL_RECORDS);
  await pollWhile(switching(64), [group], recorder.take);
  finish(group, recorder.take);
  const counters = group.counters();
  assert.ok(recorder.delaysNs.length > 5000, `${recorder.delaysNs.length} delays`);
  assert.deepEqual([counters.ringLost, counters.sampledOut], [0, 0]);
  assert.equal(counters.seen, recorder.delaysNs.length);
  const kernel = kernelHistograms(group);
  assert.deepEqual([...kernel.keys()].sort(), [...recorder.slots.keys()].sort());
  for (const [cgroup, { sumNs, slots }] of kernel) {
    assert.deepEqual(slots, recorder.slots.get(cgroup), `slots of cgroup ${cgroup}`);
    assert.equal(sumNs, recorder.sumsNs.get(cgroup), `sum of cgroup ${cgroup}`);
  }
});

test("sampling keeps or leaves out whole tasks, but the histograms hold every delay", { skip }, async (t) => {
  const group = open(t, 4, 99);
  const recorder = new RunqRecorder(POLL_RECORDS);
  await pollWhile(switching(64), [group], recorder.take);
  finish(group, recorder.take);
  const { seen, emitted, sampledOut, ringLost } = group.counters();
  assert.equal(seen, emitted + sampledOut + ringLost);
  assert.equal(emitted, recorder.delaysNs.length);
  assert.ok(sampledOut > 0 && emitted > 0, `${sampledOut} left out, ${emitted} kept`);
  const counted = [...kernelHistograms(group).values()].flatMap(({ slots }) => slots).reduce((sum, n) => sum + n, 0);
  assert.equal(counted, seen);
  assert.deepEqual(
    [...recorder.pids].filter((pid) => finaliser(pid ^ 99) % 4 !== 0),
    [],
  );
});

const mount = ownersMount();
const noCgroup = mount === null ? "no hierarchy of cgroups is mounted" : false;

test("a delay belongs to the cgroup of the task that waited", { skip: skip || noCgroup }, async (t) => {
  const directory = join(mount as string, `farmscope-test-${process.pid}`);
  mkdirSync(directory);
  t.after(() => rmdirSync(directory));
  const group = open(t, 1);
  const recorder = new RunqRecorder(POLL_RECORDS);
  const program = `echo $$ > ${directory}/cgroup.procs && head -c 32M /dev/zero | cat | cat > /dev/null`;
  await pollWhile(run("sh", ["-c", program]), [group], recorder.take);
  finish(group, recorder.take);
  const id = statSync(directory).ino % 2 ** 32;
  const inside =
    kernelHistograms(group)
      .get(id)
      ?.slots.reduce((sum, n) => sum + n, 0) ?? 0;
  assert.ok(inside > 100, `${inside} delays in the new cgroup`);
});

test("beyond the cgroups that have room, delays go into the histogram of the rest", {
  skip: skip || noCgroup,
}, async (t) => {
  const parent = join(mount as string, `farmscope-test-many-${process.pid}`);
  const names = Array.from({ length: 260 }, (_, index) => join(parent, `c${index}`));
  mkdirSync(parent);
  for (const name of names) mkdirSync(name);
  t.after(() => {
    for (const name of names) rmdirSync(name);
    rmdirSync(parent);
  });
  const group = open(t, 1);
  const recorder = new RunqRecorder(POLL_RECORDS);
  const moves = names.map((name) => `echo $$ > ${name}/cgroup.procs && sleep 0.002`).join("\n");
  await pollWhile(run("sh", ["-c", `${moves}\necho $$ > ${mount}/cgroup.procs`]), [group], recorder.take);
  finish(group, recorder.take);
  const kernel = kernelHistograms(group);
  const counted = [...kernel.values()].flatMap(({ slots }) => slots).reduce((sum, n) => sum + n, 0);
  assert.equal(kernel.size, HISTOGRAM_ROWS_MAX);
  assert.ok((kernel.get(0)?.slots.reduce((sum, n) => sum + n, 0) ?? 0) > 0);
  assert.equal(counted, group.counters().seen);
});

function finaliser(key: number): number {
  let hash = key >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
