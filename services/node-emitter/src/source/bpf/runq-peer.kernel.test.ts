/**
 * Our run-queue delays against those of bpftrace, a program that shares nothing with ours, over the same seconds of the
 * same scheduler. Both read the clock by themselves, some hundred nanoseconds apart, and bpftrace cuts to microseconds.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { TICK_NS } from "@farmscope/domain";
import { WIRE_RUNQ } from "../wire.gen.ts";
import { clock, finish, pollWhile, run, skip, switching } from "./fixtures/kernel.ts";
import { RunqRecorder } from "./fixtures/runq-recorder.ts";
import { KernelGroup } from "./kernel-group.ts";
import { loadNative } from "./native.ts";

const POLL_RECORDS = 65_536;
/** bpftrace takes its time to compile and attach. */
const WARM_UP_NS = 6e9;
const WINDOW_NS = 4e9;
/** Octaves with fewer delays are left to chance. */
const OCTAVE_DELAYS_MIN = 1000;

const missing = spawnSync("bpftrace", ["--version"]).error === undefined ? false : "bpftrace is not installed";

/**
 * Preempted tasks have the state 256 (TASK_REPORT_MAX) in the classic record: __trace_sched_switch_state,
 * include/trace/events/sched.h. As in ours, a wake-up of a task that waits already does not start its wait anew.
 */
function script(fromNs: number, toNs: number): string {
  return `
tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new {
  if (@since[args->pid] == 0) { @since[args->pid] = nsecs; }
}
tracepoint:sched:sched_switch {
  if (args->prev_pid != 0) {
    if (args->prev_state == 0 || args->prev_state == 256) { @since[args->prev_pid] = nsecs; }
    else { delete(@since[args->prev_pid]); }
  }
  $since = @since[args->next_pid];
  if ($since != 0 && args->next_pid != 0) {
    if (nsecs >= ${fromNs} && nsecs < ${toNs}) { @us = hist((nsecs - $since) / 1000); @total = count(); }
    delete(@since[args->next_pid]);
  }
}
interval:s:1 { if (nsecs >= ${toNs}) { exit(); } }
`;
}

interface Octave {
  readonly min?: number;
  readonly max?: number;
  readonly count: number;
}

function parse(output: string): { total: number; octaves: readonly Octave[] } {
  const records = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> });
  const total = records.find(({ type, data }) => type === "map" && "@total" in data)?.data["@total"] as number;
  const octaves = records.find(({ type }) => type === "hist")?.data["@us"] as readonly Octave[];
  return { total, octaves };
}

test("delays agree with bpftrace's in total within 1 %, and by octave within 1 % or within 1 us of its bounds", {
  skip: skip || missing,
}, async (t) => {
  const native = loadNative();
  const group = new KernelGroup(
    native,
    { name: "sched", ringBytes: 16 * 2 ** 20, recordBytes: WIRE_RUNQ.size },
    POLL_RECORDS,
  );
  t.after(() => group.close());
  group.attach();
  const fromNs = native.monotonicNs() + WARM_UP_NS;
  const toNs = fromNs + WINDOW_NS;
  const tracefs = 'mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec bpftrace -f json -e "$0"';
  const peer = run("unshare", ["--mount", "sh", "-c", tracefs, script(fromNs, toNs)]);
  const recorder = new RunqRecorder(POLL_RECORDS);
  const load = clock.sleep((WARM_UP_NS - 1e9) / 1e6).then(async () => {
    while (native.monotonicNs() < toNs) await switching(64);
  });
  const [output] = await pollWhile(Promise.all([peer, load]), [group], recorder.take);
  finish(group, recorder.take);
  assert.equal(group.counters().ringLost, 0);

  const ours = recorder.delaysNs
    .filter((_, index) => recorder.ticks[index] * TICK_NS >= fromNs && recorder.ticks[index] * TICK_NS < toNs)
    .map((delayNs) => Math.floor(delayNs / 1000));
  const theirs = parse(output);
  t.diagnostic(`${ours.length} delays here, ${theirs.total} in bpftrace`);
  assert.ok(ours.length > 20_000, `${ours.length} delays`);
  assert.ok(Math.abs(ours.length / theirs.total - 1) <= 0.01, `${ours.length} against ${theirs.total}`);

  const within = (min: number, max: number): number => ours.filter((us) => us >= min && us <= max).length;
  for (const { min = 0, max = Number.POSITIVE_INFINITY, count } of theirs.octaves) {
    const own = within(min, max);
    if (Math.max(own, count) <= OCTAVE_DELAYS_MIN) continue;
    const least = within(min + 1, max - 1);
    const most = within(min - 1, max + 1);
    const near = Math.abs(own / count - 1) <= 0.01;
    t.diagnostic(
      `[${min}, ${max}] us: ${own} here, ${count} in bpftrace${near ? "" : `; ${least} to ${most} by 1 us`}`,
    );
    assert.ok(near || (least <= count && count <= most), `octave ${min} to ${max}`);
  }
});
