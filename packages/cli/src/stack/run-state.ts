import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OperatingError } from "@farmscope/runtime";

/** What a running `farmscope up` tells other commands, in `<data dir>/run.json`. */
export interface RunState {
  /** Process of `up` itself. */
  readonly pid: number;
  readonly startedAtMs: number;
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly http: string;
  readonly namespace: string;
  readonly partitions: number;
  readonly source: string;
  /** Child processes by name. */
  readonly children: Readonly<Record<string, number>>;
}

const FILE = "run.json";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The state of the `up` that runs on this data directory now, or null. A state left by a killed one counts as none. */
export function readRunState(dataDir: string): RunState | null {
  let text: string;
  try {
    text = readFileSync(join(dataDir, FILE), "utf8");
  } catch {
    return null;
  }
  try {
    const state = JSON.parse(text) as RunState;
    return isAlive(state.pid) ? state : null;
  } catch {
    return null;
  }
}

/** @throws {OperatingError} ALREADY_RUNNING, naming the pid, when another `up` has the data directory. */
export function refuseSecondRun(dataDir: string): void {
  const running = readRunState(dataDir);
  if (running === null || running.pid === process.pid) return;
  throw new OperatingError("ALREADY_RUNNING", `farmscope already runs on ${dataDir}, as process ${running.pid}`, {
    remedy: `stop it (kill ${running.pid}), look at http://${running.http}, or choose another --data-dir`,
  });
}

export function writeRunState(dataDir: string, state: RunState): void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, FILE), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

/** Removes our own state; another run's, which refused us, stays. */
export function clearRunState(dataDir: string): void {
  if (readRunState(dataDir)?.pid === process.pid) rmSync(join(dataDir, FILE), { force: true });
}
