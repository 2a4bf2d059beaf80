import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Clock,
  type ExitStatus,
  type Logger,
  OperatingError,
  SupervisedProcess,
  SystemClock,
} from "@farmscope/runtime";
import { type Binary, requireBinary, type ServerProgram } from "./binary.ts";
import { freePort, isFree } from "./loopback.ts";

export interface LocalServerOptions {
  /** Where it keeps its data and configuration. Absent: a temporary directory, removed when the server is disposed. */
  readonly dataDir?: string;
  /** Port on 127.0.0.1. Absent: a free one, kept over restarts. */
  readonly port?: number;
  /** Starts it again when it ends unasked. Default false. */
  readonly keepAlive?: boolean;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly onExit?: (status: ExitStatus) => void;
}

/** What is particular to one kind of server. */
export interface ServerKind extends ServerProgram {
  /** Scheme of its URL: "nats", "redis". */
  readonly scheme: string;
  /** Writes its configuration into `dataDir` and returns the arguments to start it with. */
  configure(place: { dataDir: string; port: number; binary: Binary }): string[];
  isReady(port: number): Promise<boolean>;
  /** Finds the program, where it is more than a file on a path. */
  find?(): Binary;
  /** Longest wait until it is ready, in milliseconds. Default 20,000. */
  readonly readyMsMax?: number;
}

/** Ports tried before giving up: another process may take a free one before our server does. */
const PORT_TRIES = 3;

const temporaryDirectories = new Set<string>();
process.on("exit", () => {
  for (const directory of temporaryDirectories) rmSync(directory, { recursive: true, force: true });
});

/** A real server on loopback under our supervision, for `farmscope up` and for tests. */
export class LocalServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly #kind: ServerKind;
  readonly #options: LocalServerOptions;
  readonly #isTemporary: boolean;
  #port: number;
  #binary: Binary | null = null;
  #process: SupervisedProcess | null = null;

  constructor(kind: ServerKind, options: LocalServerOptions = {}) {
    this.#kind = kind;
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#isTemporary = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), `farmscope-${kind.name}-`));
    if (this.#isTemporary) temporaryDirectories.add(this.dataDir);
  }

  /** 0 before the first start, when none was asked for. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#kind.scheme}://127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Version of the program, "2.9.10"; empty before the first start. */
  get version(): string {
    return this.#binary?.version ?? "";
  }

  get state(): SupervisedProcess["state"] {
    return this.#process?.state ?? "stopped";
  }

  get restarts(): number {
    return this.#process?.restarts ?? 0;
  }

  logs(): readonly string[] {
    return this.#process?.logs() ?? [];
  }

  /**
   * Starts it and resolves when it answers.
   * @throws {OperatingError} TOOL_MISSING, CHILD_FAILED, ABORTED.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const mayMove = this.#port === 0;
    for (let attempt = 1; ; attempt++) {
      if (mayMove) this.#port = await freePort();
      this.#process = this.#prepare();
      try {
        await this.#refuseTakenPort();
        await this.#process.start(signal);
        return;
      } catch (error) {
        if (!mayMove || (await isFree(this.#port)) || attempt === PORT_TRIES) throw error;
      }
    }
  }

  /** Another server on our port would answer our probes as if it were ours. */
  async #refuseTakenPort(): Promise<void> {
    if (await isFree(this.#port)) return;
    throw new OperatingError("CHILD_FAILED", `${this.#kind.name} cannot listen: 127.0.0.1:${this.#port} is taken`);
  }

  /** SIGTERM, then SIGKILL when it takes too long. The data stay. */
  async stop(): Promise<ExitStatus | null> {
    return (await this.#process?.stop()) ?? null;
  }

  /** SIGKILL: what a crash leaves behind. The data stay. */
  async kill(): Promise<ExitStatus | null> {
    return (await this.#process?.kill()) ?? null;
  }

  /** Stops it, if it runs, and starts it on the same port and data. */
  async restart(signal?: AbortSignal): Promise<void> {
    await this.stop();
    await this.start(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (!this.#isTemporary) return;
    rmSync(this.dataDir, { recursive: true, force: true });
    temporaryDirectories.delete(this.dataDir);
  }

  #prepare(): SupervisedProcess {
    const { keepAlive = false, clock = new SystemClock(), logger, onExit } = this.#options;
    this.#binary = this.#kind.find?.() ?? requireBinary(this.#kind);
    mkdirSync(this.dataDir, { recursive: true });
    const args = this.#kind.configure({ dataDir: this.dataDir, port: this.#port, binary: this.#binary });
    const spec = {
      name: this.#kind.name,
      command: this.#binary.path,
      args,
      env: this.#binary.env,
      cwd: this.dataDir,
      isReady: () => this.#kind.isReady(this.#port),
      keepAlive,
      ...(this.#kind.readyMsMax === undefined ? {} : { readyMsMax: this.#kind.readyMsMax }),
      ...(onExit === undefined ? {} : { onExit }),
    };
    return new SupervisedProcess(spec, clock, logger);
  }
}
