/**
 * Pauses of a Go program against its own GODEBUG=gctrace=1, whose lines give for each cycle the wall time of sweep
 * termination, of concurrent marking and of mark termination.
 *
 * Sweep termination ends for both when the other processors have been woken up. Mark termination does not: Go reads its
 * clock for the end before it updates its statistics and starts the world, while the world is in fact stopped until then,
 * which is what we report. So ours is longer by that work, by the trap of the probe that ends it (some ten microseconds
 * of a pause of less than a hundred), and now and then by a whole time slice when another task comes in between. The bound
 * for it is 10 % or, in the median, TRAPS_MS.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { WIRE_GC_PHASE, WIRE_GC_RUNTIME } from "../wire.gen.ts";
import { GcWatch, linesOf } from "./fixtures/gc-watch.ts";
import { skip } from "./fixtures/kernel.ts";

const go = ["go", "/usr/local/go/bin/go"].find((name) => spawnSync(name, ["version"]).status === 0);
const missing = go === undefined ? "Go is not installed" : false;

/** Waits for a signal, then makes garbage on every processor, and stops the world for other ends too. */
const PROGRAM = `package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

type node struct {
	left, right *node
	payload     [64]byte
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	fmt.Fprintln(os.Stderr, "READY")
	<-signals
	kept := tree(16)
	var workers sync.WaitGroup
	for worker := 0; worker < 2; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for round := 0; round < 60; round++ {
				tree(14)
			}
		}()
	}
	workers.Wait()
	var stats runtime.MemStats
	for reading := 0; reading < 50; reading++ {
		runtime.ReadMemStats(&stats)
	}
	runtime.KeepAlive(kept)
	runtime.GC() // or the program might end in the middle of a cycle
	fmt.Fprintln(os.Stderr, "END")
}
`;

/** "gc 7 @1.234s 2%: 0.026+0.39+0.10 ms clock, …": sweep termination, mark, mark termination. */
const TRACE = /^gc \d+ @[\d.]+s \d+%: ([\d.]+)\+[\d.]+\+([\d.]+) ms clock/;

function build(t: TestContext, flags: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-go-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "main.go"), PROGRAM);
  const binary = join(directory, "churn");
  const { status, stderr } = spawnSync(go as string, ["build", ...flags, "-o", binary, "main.go"], {
    cwd: directory,
    encoding: "utf8",
    env: { ...process.env, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" },
  });
  assert.equal(status, 0, stderr);
  return binary;
}

interface Outcome {
  readonly watch: GcWatch;
  /** Times that the program told, milliseconds. */
  readonly sweeps: number[];
  readonly marks: number[];
}

async function churn(t: TestContext, binary: string): Promise<Outcome> {
  const env = { ...process.env, GODEBUG: "gctrace=1" };
  const child = spawn(binary, [], { stdio: ["ignore", "ignore", "pipe"], env });
  const watch = new GcWatch(child.pid as number);
  t.after(() => {
    child.kill();
    watch.close();
  });
  const lines = linesOf(child.stderr);
  assert.ok(await watch.until(() => lines.includes("READY"), 10_000));
  await watch.attachAll();
  child.kill("SIGUSR2");
  // A process may be gone before all that it wrote has been read.
  assert.ok(await watch.until(() => child.exitCode !== null && child.stderr.readableEnded, 60_000));
  await watch.until(() => false, 100);
  assert.ok(lines.includes("END"));
  const cycles = lines.map((line) => TRACE.exec(line)).filter((match) => match !== null);
  return { watch, sweeps: cycles.map(([, sweep]) => Number(sweep)), marks: cycles.map(([, , mark]) => Number(mark)) };
}

/** What the probes may cost a pause: two traps of about 14 us in a virtual machine. */
const TRAPS_MS = 0.03;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Sums alike within 10 %, or pauses alike, in the median, within what the probes cost. */
function assertAlike(t: TestContext, name: string, seen: readonly number[], told: readonly number[]): void {
  const apart = sum(seen) / sum(told) - 1;
  const pauseApartMs = median(seen.map((ms, index) => ms - told[index]));
  const text =
    `${name}: ${sum(seen).toFixed(3)} ms seen, ${sum(told).toFixed(3)} told, ${(100 * apart).toFixed(1)} % apart; ` +
    `${(1000 * pauseApartMs).toFixed(1)} us in the median pause`;
  t.diagnostic(text);
  assert.ok(Math.abs(apart) <= 0.1 || Math.abs(pauseApartMs) <= TRAPS_MS, text);
}

test("a Go process has as many cycles and pauses as its gctrace tells, of the same length", {
  skip: skip || missing,
}, async (t) => {
  const { watch, sweeps, marks } = await churn(t, build(t, []));
  const of = (phase: number): number[] =>
    watch.pauses.filter((pause) => pause.phase === phase).map(({ durationNs }) => durationNs / 1e6);
  assert.ok(sweeps.length >= 5, `${sweeps.length} cycles`);
  assert.ok(watch.pauses.every(({ runtime }) => runtime === WIRE_GC_RUNTIME.GC_GO));
  const swept = of(WIRE_GC_PHASE.GC_PHASE_SWEEP_TERMINATION);
  const marked = of(WIRE_GC_PHASE.GC_PHASE_MARK_TERMINATION);
  assert.deepEqual([swept.length, marked.length], [sweeps.length, marks.length]);
  assertAlike(t, "sweep termination", swept, sweeps);
  assertAlike(t, "mark termination", marked, marks);
  const shorter = marked.filter((ms, index) => ms < 0.9 * marks[index]);
  assert.ok(shorter.length <= marked.length * 0.1, `shorter than Go counts mark termination: ${shorter.join(" ")} ms`);
});

test("a stripped Go binary is watched all the same", { skip: skip || missing }, async (t) => {
  const { watch, marks } = await churn(t, build(t, ["-ldflags=-s -w"]));
  const cycles = watch.pauses.filter(({ phase }) => phase === WIRE_GC_PHASE.GC_PHASE_MARK_TERMINATION);
  assert.ok(marks.length >= 5, `${marks.length} cycles`);
  assert.equal(cycles.length, marks.length);
});
