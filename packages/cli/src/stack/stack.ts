import { createWriteStream, mkdirSync, rmSync, type WriteStream } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, type Config, type Logger, OperatingError, SupervisedProcess } from "@farmscope/runtime";
import { isFree, KafkaServer, type LocalServer, NatsServer, RedisServer } from "@farmscope/testkit";
import { environmentOf } from "./environment.ts";
import { clearRunState, refuseSecondRun, writeRunState } from "./run-state.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

const SERVERS = { nats: NatsServer, redis: RedisServer, kafka: KafkaServer } as const;
type ServerKind = keyof typeof SERVERS;

export interface StackOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Removes what earlier runs left in the data directory. */
  readonly fresh: boolean;
  /** Told in a sentence of everything that people who wait want to know. */
  readonly tell: (line: string) => void;
}

/**
 * All of Farmscope on one machine: nats-server (or a Kafka broker) and redis-server (unless others are configured) and
 * every service as a child process of its own, supervised: whoever dies is started again.
 */
export class Stack {
  /** Settings with the addresses of the servers filled in. */
  config: Config;
  readonly #options: StackOptions;
  readonly #servers = new Map<ServerKind, LocalServer>();
  readonly #services = new Map<string, SupervisedProcess>();
  readonly #logFiles: WriteStream[] = [];
  #source = "";

  constructor(options: StackOptions) {
    this.#options = options;
    this.config = options.config;
  }

  /**
   * Takes the data directory and starts the servers that no setting names.
   * @throws {OperatingError} ALREADY_RUNNING, TOOL_MISSING, CHILD_FAILED, ABORTED.
   */
  async startServers(source: string, signal: AbortSignal): Promise<void> {
    const { config, fresh } = this.#options;
    refuseSecondRun(config.dataDir);
    await refuseTakenPort(config.http);
    if (fresh)
      for (const name of Object.keys(SERVERS)) rmSync(join(config.dataDir, name), { recursive: true, force: true });
    mkdirSync(join(config.dataDir, "logs"), { recursive: true });
    this.#source = source;
    this.#writeState();
    this.config = { ...config, ...(await this.#startLog(signal)) };
    const redisUrl = config.redisUrl || (await this.#startServer("redis", signal));
    this.config = { ...this.config, redisUrl };
    this.#writeState();
  }

  /** Starts a service as `farmscope <command> <flags>` and resolves when it runs (or, with `isReady`, answers). */
  async startService(
    command: string,
    flags: readonly string[],
    options: { readonly isReady?: () => Promise<boolean>; readonly signal: AbortSignal },
  ): Promise<SupervisedProcess> {
    const file = createWriteStream(join(this.config.dataDir, "logs", `${command}.log`), { flags: "a" });
    this.#logFiles.push(file);
    const child: SupervisedProcess = new SupervisedProcess(
      {
        name: command,
        command: process.execPath,
        args: [MAIN, command, ...flags],
        env: environmentOf(this.config),
        keepAlive: true,
        readyMsMax: 60_000,
        onLine: (line) => this.#onLine(command, line, file),
        onExit: (status) => {
          // A finite source ends by itself: that is no failure and it is not wanted again.
          if (status.code === 0) void child.stop();
          else
            this.#options.tell(
              `${command} ended unexpectedly (${status.signal ?? `code ${status.code}`}); starting it again`,
            );
        },
        ...(options.isReady === undefined ? {} : { isReady: options.isReady }),
      },
      this.#options.clock,
    );
    this.#services.set(command, child);
    await child.start(options.signal);
    this.#writeState();
    return child;
  }

  /** Ends a service in an orderly way and waits for it. */
  async stopService(command: string): Promise<void> {
    await this.#services.get(command)?.stop();
    this.#services.delete(command);
  }

  /** Ends everything, servers last. Idempotent. */
  async stop(): Promise<void> {
    for (const command of ["emit", "alert", "aggregate", "serve"]) await this.stopService(command);
    for (const server of [...this.#servers.values()].reverse()) await server.stop();
    this.#servers.clear();
    for (const file of this.#logFiles.splice(0)) file.end();
    clearRunState(this.config.dataDir);
  }

  /** Starts the event log that the settings ask for, unless they say where it is. */
  async #startLog(signal: AbortSignal): Promise<Partial<Config>> {
    const { log, natsUrl, kafkaBrokers } = this.#options.config;
    if (log === "kafka") return { kafkaBrokers: kafkaBrokers || (await this.#startServer("kafka", signal)) };
    return { natsUrl: natsUrl || (await this.#startServer("nats", signal)) };
  }

  async #startServer(kind: ServerKind, signal: AbortSignal): Promise<string> {
    const { clock, logger, tell, config } = this.#options;
    const settings = { dataDir: resolve(config.dataDir, kind), keepAlive: true, clock, logger };
    const server = new SERVERS[kind](settings);
    this.#servers.set(kind, server);
    await server.start(signal);
    tell(`${kind}-server ${server.version} on 127.0.0.1:${server.port}`);
    return server.url;
  }

  /** Lines of a service go to its file; what it warns of or complains about is told. */
  #onLine(command: string, line: string, file: WriteStream): void {
    file.write(`${line}\n`);
    try {
      const entry = JSON.parse(line) as { level?: number; msg?: string };
      if ((entry.level ?? 0) >= 40) this.#options.tell(`${command}: ${entry.msg ?? line}`);
    } catch {
      if (line.trim() !== "") this.#options.tell(`${command}: ${line}`);
    }
  }

  #writeState(): void {
    const children: Record<string, number> = {};
    for (const [name, child] of this.#services) if (child.pid !== undefined) children[name] = child.pid;
    for (const [kind, server] of this.#servers) if (server.pid !== undefined) children[`${kind}-server`] = server.pid;
    writeRunState(this.config.dataDir, {
      pid: process.pid,
      startedAtMs: this.#options.clock.nowMs(),
      natsUrl: this.config.natsUrl,
      redisUrl: this.config.redisUrl,
      http: this.config.http,
      namespace: this.config.namespace,
      partitions: this.config.partitions,
      source: this.#source,
      children,
    });
  }
}

/** @throws {OperatingError} HTTP_LISTEN_FAILED when somebody else listens where the query API should. */
async function refuseTakenPort(http: string): Promise<void> {
  const port = Number(http.slice(http.lastIndexOf(":") + 1));
  if (await isFree(port)) return;
  throw new OperatingError("HTTP_LISTEN_FAILED", `another program listens at port ${port}`, {
    remedy: "end it, or name another address with --http (FARMSCOPE_HTTP), e.g. 127.0.0.1:7071",
  });
}
