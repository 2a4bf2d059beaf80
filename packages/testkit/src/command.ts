import { spawn } from "node:child_process";
import { join } from "node:path";
import { REPO_ROOT } from "./repo.ts";

export interface CommandResult {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it was killed because it took longer than allowed. */
  readonly overdue: boolean;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Longest time it may take, in milliseconds. Default 600,000. */
  readonly timeoutMs?: number;
}

/** The environment in which the repository's own tools, and its Node, come first. */
export function toolEnvironment(): Record<string, string | undefined> {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return { ...environment, PATH: `${join(REPO_ROOT, "node_modules/.bin")}:${environment["PATH"] ?? ""}` };
}

/** Runs a program to its end. A program that cannot be started counts as one that failed with code 127. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: options.cwd ?? REPO_ROOT,
    env: options.environment ?? toolEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 600_000,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  return await new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: 127, stdout: "", stderr: error.message, overdue: false }));
    child.once("close", (code, signal) => {
      resolve({
        code,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        overdue: signal === "SIGKILL",
      });
    });
  });
}
