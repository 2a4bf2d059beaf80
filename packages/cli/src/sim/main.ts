/**
 * `npm run sim`: the real services on simulated time, servers and machines, under faults drawn by seed.
 *
 *   npm run sim -- --seed 1 --runs 10000          seeds 1 to 10,000
 *   npm run sim -- --seed 4711                    one seed, with everything that happened
 *   npm run sim -- --canaries --runs 500          each planted bug, until a seed finds it
 *   npm run sim -- --seed 1 --canary "NAME"       one planted bug
 *
 * `--jobs N` sets the number of threads, `--json` ends with one JSON document on the last line.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { messageOf, SystemClock } from "@farmscope/runtime";
import { runCampaign } from "./campaign.ts";
import { CANARIES, canaryNamed } from "./canaries.ts";
import type { Outcome } from "./simulate.ts";

const REPORT_EVERY_MS = 10_000;
const FAILURES_SHOWN_MAX = 20;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1" },
    jobs: { type: "string", default: String(availableParallelism()) },
    canary: { type: "string" },
    canaries: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const clock = new SystemClock();
const tell = (line: string): void => console.error(line);

function countOf(name: "seed" | "runs" | "jobs"): number {
  const count = Number(values[name]);
  if (Number.isSafeInteger(count) && count >= (name === "seed" ? 0 : 1)) return count;
  tell(`--${name} takes a whole number, not ${values[name]}`);
  process.exit(2);
}

const [seed, runs, jobs] = [countOf("seed"), countOf("runs"), countOf("jobs")];

async function runSeeds(canary: string | null) {
  const failures: Outcome[] = [];
  const startMs = clock.monotonicMs();
  let [count, records, virtualMs, toldMs] = [0, 0, 0, startMs];
  const onOutcome = (outcome: Outcome): void => {
    count++;
    records += outcome.records;
    virtualMs += outcome.virtualMs;
    if (outcome.violations.length > 0) failures.push(outcome);
    if (canary === null && outcome.violations.length > 0 && failures.length <= FAILURES_SHOWN_MAX) show(outcome);
    if (canary === null && runs === 1 && outcome.violations.length === 0) show(outcome);
    if (clock.monotonicMs() - toldMs < REPORT_EVERY_MS) return;
    toldMs = clock.monotonicMs();
    tell(`${count} of ${runs} runs, ${failures.length} failed`);
  };
  await runCampaign({ seed, runs, jobs, canary, onOutcome });
  const elapsedS = (clock.monotonicMs() - startMs) / 1000;
  return { count, records, virtualMs, failures: failures.toSorted((a, b) => a.seed - b.seed), elapsedS };
}

function show(outcome: Outcome): void {
  tell(`seed ${outcome.seed}: ${outcome.violations.length === 0 ? "good" : "FAILED"}`);
  tell(`  faults: ${outcome.faults.join(", ") || "none"}`);
  for (const incident of outcome.incidents) tell(`  ${incident}`);
  for (const violation of outcome.violations) tell(`  violated: ${violation}`);
  tell(`  repeat it: npm run sim -- --seed ${outcome.seed}`);
}

async function findCanaries(names: readonly string[]): Promise<number> {
  const found: { canary: string; seed: number | null; violation: string | null }[] = [];
  for (const name of names) {
    const { failures } = await runSeeds(canaryNamed(name).name);
    const first = failures[0];
    found.push({ canary: name, seed: first?.seed ?? null, violation: first?.violations[0] ?? null });
    tell(first === undefined ? `${name}: NOT found` : `${name}: found by seed ${first.seed}: ${first.violations[0]}`);
  }
  if (values.json) console.log(JSON.stringify({ seed, runs, canaries: found }));
  return found.every((entry) => entry.seed !== null) ? 0 : 1;
}

async function holdSeeds(): Promise<number> {
  const { count, records, virtualMs, failures, elapsedS } = await runSeeds(null);
  const virtualS = Math.round(virtualMs / 1000);
  const summary = { seed, runs: count, failed: failures.length, records, virtual_s: virtualS };
  const rate = { wall_s: Number(elapsedS.toFixed(1)), runs_per_s: Number((count / elapsedS).toFixed(1)), jobs };
  tell(`${count} runs, ${failures.length} failed; ${virtualS} s of virtual time in ${rate.wall_s} s`);
  const failed = failures.map(({ seed: failing, violations }) => ({ seed: failing, violations }));
  if (values.json) console.log(JSON.stringify({ ...summary, ...rate, failures: failed }));
  return failures.length === 0 ? 0 : 1;
}

try {
  const names = values.canary === undefined ? CANARIES.map(({ name }) => name) : [values.canary];
  const seeksBugs = values.canaries || values.canary !== undefined;
  process.exitCode = await (seeksBugs ? findCanaries(names) : holdSeeds());
} catch (error) {
  tell(messageOf(error));
  process.exitCode = 2;
}
