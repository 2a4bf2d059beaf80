import type { Failure, SuiteResult } from "../runner/suite-run.ts";
import { cFormat } from "./c-format.ts";
import { type Check, type CheckOutcome, commandCheck } from "./check.ts";
import { generatedFiles } from "./generated.ts";
import { protoBreaking, protoGenerated } from "./proto.ts";

/** Every check, cheapest first. */
export const CHECKS: readonly Check[] = [
  commandCheck("style and imports (biome)", "biome", "ci", "--colors=off", "--error-on-warnings", "."),
  commandCheck("proto style (buf lint)", "buf", "lint"),
  protoGenerated,
  protoBreaking,
  generatedFiles,
  cFormat,
  commandCheck("types (tsc)", "tsc", "--noEmit"),
  commandCheck("no promise is forgotten (oxlint)", "oxlint", "--type-aware", "--deny-warnings", "."),
];

/** Runs all checks, one after another, telling of each. A check that throws has failed. */
export async function runChecks(tell: (line: string) => void): Promise<SuiteResult> {
  const startedMs = performance.now();
  const failures: Failure[] = [];
  const skips: Failure[] = [];
  for (const check of CHECKS) {
    const checkStartedMs = performance.now();
    const result = await outcomeOrFailure(check);
    if (result.outcome === "failed") failures.push({ title: check.name, text: result.text });
    if (result.outcome === "skipped") skips.push({ title: check.name, text: result.text });
    tell(`${result.outcome.padEnd(7)} ${check.name}, ${((performance.now() - checkStartedMs) / 1000).toFixed(1)} s`);
  }
  return {
    name: "checks",
    passed: CHECKS.length - failures.length - skips.length,
    failed: failures.length,
    skipped: skips.length,
    seconds: (performance.now() - startedMs) / 1000,
    failures,
    skips,
  };
}

async function outcomeOrFailure(check: Check): Promise<CheckOutcome> {
  try {
    return await check.run();
  } catch (error) {
    return { outcome: "failed", text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
