import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SupervisedProcess, SystemClock } from "@farmscope/runtime";
import { freePort } from "@farmscope/testkit";
import { readRunState } from "../stack/run-state.ts";
import type { RunSummary } from "../stack/summary.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A `farmscope` command as a real process with a data directory and an HTTP port of its own. */
export class CliProcess implements AsyncDisposable {
  readonly dataDir: string;
  readonly http: string;
  readonly #stdout: string[] = [];
  readonly #process: SupervisedProcess;
  readonly #exited: Promise<number>;
  #exit: (code: number) => void = () => undefined;

  private constructor(place: { dataDir: string; http: string }, args: readonly string[], env: Record<string, string>) {
    this.dataDir = place.dataDir;
    this.http = place.http;
    this.#exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.#process = new SupervisedProcess(
      {
        name: `farmscope ${args[0]}`,
        command: process.execPath,
        args: [MAIN, ...args],
        env: { FARMSCOPE_DATA_DIR: place.dataDir, FARMSCOPE_HTTP: place.http, FARMSCOPE_LOG_LEVEL: "warn", ...env },
        onLine: (line) => this.#stdout.push(line),
        onExit: (status) => this.#exit(status.code ?? 128),
        drainMsMax: 30_000,
      },
      new SystemClock(),
    );
  }

  /** Starts `farmscope <args>`; `place` lets a second process share the first one's data. */
  static async start(
    args: readonly string[],
    env: Record<string, string> = {},
    place?: { dataDir: string; http: string },
  ): Promise<CliProcess> {
    const own = place ?? {
      dataDir: mkdtempSync(join(tmpdir(), "farmscope-e2e-")),
      http: `127.0.0.1:${await freePort()}`,
    };
    const cli = new CliProcess(own, args, env);
    await cli.#process.start();
    return cli;
  }

  get output(): string {
    return this.#stdout.join("\n");
  }

  get url(): string {
    return `http://${this.http}`;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Exit code once it ends by itself. */
  async ended(): Promise<number> {
    return await this.#exited;
  }

  /** The JSON document on the last line of its output, after it has ended. @throws with the output when it failed. */
  async summary(): Promise<RunSummary> {
    const code = await this.#exited;
    const last = this.#stdout.filter((line) => line.startsWith("{")).at(-1);
    if (code !== 0 || last === undefined) throw new Error(`exit code ${code}:\n${this.output}`);
    return JSON.parse(last) as RunSummary;
  }

  /** Processes that an `up` or `simulate` supervises, by name. */
  children(): Readonly<Record<string, number>> {
    return (readRunState(this.dataDir) ?? readRunState(join(this.dataDir, "simulation")))?.children ?? {};
  }

  /** SIGTERM. @returns the exit code. */
  async stop(): Promise<number> {
    return (await this.#process.stop())?.code ?? 128;
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Asks until `isSo` holds. @throws what was said last when it does not within `msMax`. */
export async function eventually<T>(msMax: number, ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const clock = new SystemClock();
  const deadlineMs = clock.monotonicMs() + msMax;
  let last: unknown = "nothing";
  while (clock.monotonicMs() < deadlineMs) {
    try {
      const answer = await ask();
      if (isSo(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await clock.sleep(100);
  }
  throw new Error(`not so within ${msMax} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
