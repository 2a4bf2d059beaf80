import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, type Config, createLogger, resolveConfig, SupervisedProcess } from "@farmscope/runtime";
import { KafkaServer, type LocalServer, NatsServer, RedisServer } from "@farmscope/testkit";
import { ensureStreams, openPorts, type Ports } from "../ports.ts";
import { environmentOf } from "../stack/environment.ts";
import type { Outside } from "../stack/summary.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

export type LogKind = Config["log"];

/** What a process of the installation is there for. */
export type Role = "emitter" | "aggregator" | "broker" | "redis";

/** A process of the installation; it is started again whenever it dies. */
export interface Part {
  readonly name: string;
  readonly role: Role;
  readonly process: Pick<SupervisedProcess, "pid" | "state" | "restarts">;
}

export interface InstallationOptions {
  readonly clock: Clock;
  readonly log: LogKind;
  /** Everything is below it: data of the servers, and what each process said. */
  readonly directory: string;
  readonly partitions: number;
  readonly settings?: Partial<Config>;
  readonly tell: (line: string) => void;
  /** Told of every line that a service says. */
  readonly onLine?: (line: string) => void;
}

export interface ServiceOptions {
  /** What differs from the installation's settings. */
  readonly settings?: Partial<Config>;
  /** Whether it is started again when it dies. Default true. */
  readonly keepAlive?: boolean;
}

/** Servers and services on loopback, each a process of its own, supervised, with everything that they say kept. */
export class Installation implements AsyncDisposable {
  readonly parts: Part[] = [];
  /** How often a service ended by itself otherwise than in order; what we killed does not count. */
  unexpectedExits = 0;
  /** Commits that the store refused, for a later owner had claimed the scope. */
  fenced = 0;
  /** Settings with the addresses of the servers filled in. */
  config: Config;
  readonly #options: InstallationOptions;
  readonly #servers: LocalServer[] = [];
  readonly #services = new Map<string, SupervisedProcess>();
  readonly #files: WriteStream[] = [];
  #ports: Ports | null = null;

  private constructor(options: InstallationOptions) {
    const { directory, log, partitions, settings } = options;
    this.#options = options;
    this.config = {
      ...resolveConfig({}).config,
      log,
      partitions,
      dataDir: directory,
      logLevel: "info",
      ...settings,
    };
  }

  /** Starts broker and Redis and makes the streams. */
  static async start(options: InstallationOptions): Promise<Installation> {
    const installation = new Installation(options);
    try {
      await installation.#startServers();
      return installation;
    } catch (error) {
      await installation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Log and store, as anybody outside the services sees them. */
  get outside(): Outside {
    const { namespace, partitions } = this.config;
    const { log, store } = this.#ports!;
    return { log, store, namespace, partitions };
  }

  /** Environment of a command that works on this installation. */
  get environment(): Record<string, string> {
    return environmentOf(this.config);
  }

  /** Starts a service; one that ends with code 0 has done its work and is left alone. */
  async startService(
    name: string,
    role: Role,
    args: readonly string[],
    { settings = {}, keepAlive = true }: ServiceOptions = {},
  ): Promise<SupervisedProcess> {
    const file = this.#fileOf(name);
    const service: SupervisedProcess = new SupervisedProcess(
      {
        name,
        command: process.execPath,
        args: [MAIN, ...args],
        env: environmentOf({ ...this.config, ...settings }),
        keepAlive,
        onLine: (line) => this.#onLine(line, file),
        onExit: ({ code, signal }) => {
          if (code === 0) void service.stop();
          else if (signal !== "SIGKILL") this.#onUnexpectedExit(name, code ?? signal);
        },
      },
      this.#options.clock,
    );
    this.#services.set(name, service);
    this.parts.push({ name, role, process: service });
    await service.start();
    return service;
  }

  /** Ends all services of a role in an orderly way. @returns how many did not end with 0. */
  async stopServices(role: Role): Promise<number> {
    const services = this.parts.filter((part) => part.role === role).map(({ name }) => this.#services.get(name)!);
    const statuses = await Promise.all(services.map((service) => service.stop()));
    return statuses.filter((status) => status !== null && status.code !== 0).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.stop()));
    await this.#ports?.close();
    for (const server of this.#servers) await server.stop();
    for (const file of this.#files) file.end();
  }

  async #startServers(): Promise<void> {
    const { clock, directory, log } = this.#options;
    mkdirSync(join(directory, "logs"), { recursive: true });
    const placed = (name: string) => ({ dataDir: join(directory, name), keepAlive: true, clock });
    const broker = log === "kafka" ? new KafkaServer(placed("kafka")) : new NatsServer(placed("nats"));
    const redis = new RedisServer(placed("redis"));
    this.#servers.push(broker, redis);
    await Promise.all([broker.start(), redis.start()]);
    this.parts.push(
      { name: "broker", role: "broker", process: broker },
      { name: "redis", role: "redis", process: redis },
    );
    const brokerUrl = log === "kafka" ? { kafkaBrokers: `127.0.0.1:${broker.port}` } : { natsUrl: broker.url };
    this.config = { ...this.config, ...brokerUrl, redisUrl: redis.url };
    const logger = createLogger("chaos", "silent");
    this.#ports = await openPorts(this.config, clock, logger);
    await ensureStreams(this.#ports, clock, logger, new AbortController().signal);
  }

  #fileOf(name: string): WriteStream {
    const file = createWriteStream(join(this.#options.directory, "logs", `${name}.log`), { flags: "a" });
    this.#files.push(file);
    return file;
  }

  #onLine(line: string, file: WriteStream): void {
    file.write(`${line}\n`);
    if (line.includes("STORE_FENCED")) this.fenced++;
    this.#options.onLine?.(line);
  }

  #onUnexpectedExit(name: string, how: number | string | null): void {
    this.unexpectedExits++;
    this.#options.tell(`${name} ended unexpectedly (${how}); starting it again`);
  }
}
