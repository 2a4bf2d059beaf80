import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { WIRE_GC_RUNTIME } from "../wire.gen.ts";
import { GcWatch, linesOf } from "./fixtures/gc-watch.ts";
import { skip } from "./fixtures/kernel.ts";

/**
 * Sleeps until it is signalled, then makes garbage, young and old, and says so. The output of --trace-gc carries times
 * from the start of the process, which tell what came after the signal.
 */
const PROGRAM = `
setInterval(() => {}, 1000);
process.once("SIGUSR2", () => {
  console.error("BEGIN", process.uptime() * 1000);
  let kept = [];
  for (let i = 0; i < 600_000; i++) {
    kept.push({ at: i, text: "number " + i });
    if (kept.length > 120_000) kept = [];
  }
  console.error("END");
  process.exit(0);
});
console.error("READY");
`;

/** "[123:0x5]    85 ms: Scavenge 6.4 (6.8) -> 5.7 (7.6) MB, pooled: 0.0 MB, 1.23 / 0.00 ms  (average …" */
const TRACE = /^\[\d+:0x[0-9a-f]+\] +(\d+) ms: .* MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ +ms/;

test("pauses of a Node process are those of its --trace-gc: as many, and as long within 10 %", { skip }, async (t) => {
  const child = spawn(process.execPath, ["--trace-gc", "-e", PROGRAM], { stdio: ["ignore", "pipe", "pipe"] });
  const watch = new GcWatch(child.pid as number);
  t.after(() => {
    child.kill();
    watch.close();
  });
  const trace = linesOf(child.stdout);
  const marks = linesOf(child.stderr);
  assert.ok(await watch.until(() => marks.includes("READY"), 10_000));
  await watch.attachAll();
  assert.ok(watch.scanner.watched >= 1);
  watch.pauses.length = 0;
  child.kill("SIGUSR2");
  assert.ok(await watch.until(() => child.exitCode !== null, 30_000));
  await watch.until(() => false, 100);

  const beginMs = Number(marks.find((line) => line.startsWith("BEGIN"))?.split(" ")[1]);
  const told = trace
    .map((line) => TRACE.exec(line))
    .filter((match) => match !== null)
    .filter(([, atMs]) => Number(atMs) >= beginMs - 500)
    .map(([, , pauseMs]) => Number(pauseMs));
  const seen = watch.pauses.map(({ durationNs }) => durationNs / 1e6);
  t.diagnostic(`told ${told.join(" ")} ms`);
  t.diagnostic(`seen ${seen.map((ms) => ms.toFixed(2)).join(" ")} ms`);
  assert.ok(told.length >= 5, `${told.length} collections`);
  assert.equal(seen.length, told.length);
  assert.ok(watch.pauses.every(({ runtime, durationNs }) => runtime === WIRE_GC_RUNTIME.GC_V8 && durationNs > 0));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum(seen) / sum(told) - 1) <= 0.1, `${sum(seen)} against ${sum(told)} ms`);
  const far = seen.filter((ms, index) => Math.abs(ms - told[index]) > Math.max(0.1 * told[index], 0.1));
  assert.ok(
    far.length <= told.length * 0.1,
    `${far.length} of ${told.length} pauses differ by more than 10 % and 0.1 ms`,
  );
});

test("when the last process of a binary is gone, its uprobes are too", { skip }, async (t) => {
  const child = spawn("sleep", ["30"]);
  const watch = new GcWatch(child.pid as number);
  t.after(() => {
    child.kill();
    watch.close();
  });
  await watch.attachAll();
  assert.ok(watch.scanner.watched >= 1, "the Node that runs this test");
  assert.equal(watch.scanner.refusals, 0);
});
