import { type CommandResult, runCommand } from "../command.ts";

/** What a check found. */
export type CheckOutcome =
  | { readonly outcome: "passed" }
  | { readonly outcome: "failed"; readonly text: string }
  | { readonly outcome: "skipped"; readonly text: string };

/** One check of the repository that is no test: a tool that says yes or no. */
export interface Check {
  readonly name: string;
  run(): Promise<CheckOutcome>;
}

export const PASSED: CheckOutcome = { outcome: "passed" };

/** A check that passes when the command does. */
export function commandCheck(name: string, program: string, ...args: string[]): Check {
  return { name, run: async () => outcomeOf(await runCommand(program, args)) };
}

/** What a command's end means. */
export function outcomeOf(result: CommandResult): CheckOutcome {
  if (result.code === 0) return PASSED;
  const text = `${result.stdout}${result.stderr}`.trim();
  return { outcome: "failed", text: text === "" ? `ended with ${result.code} and said nothing` : text };
}
