import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { GENERATORS } from "../generate/generators.ts";
import { REPO_ROOT } from "../repo.ts";
import { type Check, type CheckOutcome, outcomeOf, PASSED } from "./check.ts";

/** Every other generated file is what its generator writes. */
export const generatedFiles: Check = {
  name: "generated files are what npm run generate writes",
  run: async () => {
    for (const { script, writes } of GENERATORS) {
      const outcome = await isFresh(script, join(REPO_ROOT, writes));
      if (outcome.outcome === "failed") return { outcome: "failed", text: `${writes}: ${outcome.text}` };
    }
    return PASSED;
  },
};

/** Runs the generator and puts back what was there, so that a check changes nothing. */
async function isFresh(script: string, path: string): Promise<CheckOutcome> {
  const before = readFileSync(path);
  try {
    const result = await runCommand(process.execPath, [script]);
    if (result.code !== 0) return outcomeOf(result);
    return before.equals(readFileSync(path)) ? PASSED : { outcome: "failed", text: "stale; npm run generate" };
  } finally {
    writeFileSync(path, before);
  }
}
