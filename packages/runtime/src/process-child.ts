import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { LineSplitter } from "./line-splitter.ts";

/** How a process ended: exactly one of the three is set. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly error: Error | null;
}

export interface ChildSpec {
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** util-linux: asks the kernel to kill the command when the thread that started it dies, even by SIGKILL. */
const SETPRIV = "/usr/bin/setpriv";

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) signalGroup(child, "SIGKILL");
});

/**
 * One life of a child process. It leads a process group of its own, so that Ctrl-C in a terminal reaches only us and we
 * decide in which order children stop; it never outlives us.
 */
export class Child {
  readonly pid: number | undefined;
  /** Resolves when the process has ended and its output has been read. */
  readonly exited: Promise<ExitStatus>;
  readonly #process: ChildProcess;

  constructor(spec: ChildSpec, onLine: (line: string) => void) {
    const [command, args] = boundToOurLife(spec.command, spec.args ?? []);
    this.#process = spawn(command, args, {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.pid = this.#process.pid;
    living.add(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      const splitter = new LineSplitter(onLine);
      stream?.on("data", (chunk: Buffer) => splitter.push(chunk));
      stream?.on("end", () => splitter.end());
    }
    this.exited = ending(this.#process).finally(() => living.delete(this.#process));
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Kills it together with whatever it started. */
  killGroup(): void {
    signalGroup(this.#process, "SIGKILL");
  }
}

function boundToOurLife(command: string, args: readonly string[]): [string, string[]] {
  if (!existsSync(SETPRIV)) return [command, [...args]];
  return [SETPRIV, ["--pdeathsig", "KILL", "--", command, ...args]];
}

function ending(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    // A grandchild may keep the pipes open for ever: what is unread a moment after the exit is given up.
    child.once("exit", (code, signal) => {
      const settle = (): void => resolve({ code, signal, error: null });
      child.once("close", settle);
      setTimeout(settle, 200).unref();
    });
  });
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group has gone already.
  }
}
