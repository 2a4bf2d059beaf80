import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { REPO_ROOT } from "../repo.ts";
import { type Check, type CheckOutcome, outcomeOf, PASSED } from "./check.ts";

/** Runs `work` with a directory that is gone afterwards. */
async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-check-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The committed code is what the schema generates. */
export const protoGenerated: Check = {
  name: "proto/gen is what buf generates",
  run: () =>
    inTemporaryDirectory(async (directory) => {
      const generated = await runCommand("buf", ["generate", "-o", directory]);
      if (generated.code !== 0) return outcomeOf(generated);
      return outcomeOf(await runCommand("diff", ["-ru", join(directory, "proto/gen"), "proto/gen"]));
    }),
};

/**
 * No message that was ever committed has become unreadable: the schema of today against that of every commit that
 * changed it, whatever branch or depth this clone has.
 */
export const protoBreaking: Check = {
  name: "every older schema can still be read (buf breaking)",
  run: async () => {
    if (!existsSync(join(REPO_ROOT, ".git"))) return { outcome: "skipped", text: "git: this is no clone" };
    const log = await runCommand("git", ["log", "--format=%H", "--", "proto/farmscope"]);
    if (log.code !== 0) return outcomeOf(log);
    for (const commit of log.stdout.split("\n").filter((line) => line !== "")) {
      const outcome = await inTemporaryDirectory((directory) => breakingSince(commit, directory));
      if (outcome.outcome === "failed") return { outcome: "failed", text: `against ${commit}:\n${outcome.text}` };
    }
    return PASSED;
  },
};

async function breakingSince(commit: string, directory: string): Promise<CheckOutcome> {
  const archive = join(directory, "proto.tar");
  const steps: [string, string[]][] = [
    ["git", ["archive", "--output", archive, commit, "proto/farmscope", "buf.yaml"]],
    ["tar", ["-xf", archive, "-C", directory]],
    ["buf", ["breaking", "--against", directory]],
  ];
  for (const [program, args] of steps) {
    const result = await runCommand(program, args);
    if (result.code !== 0) return outcomeOf(result);
  }
  return PASSED;
}
