import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { OperatingError } from "@farmscope/runtime";
import type { Binary } from "./binary.ts";
import { fetchKafka, javaPath, KAFKA_JARS, KAFKA_VERSION, whyNoJava } from "./kafka-jars.ts";
import { LocalServer, type LocalServerOptions } from "./local-server.ts";
import { freePort } from "./loopback.ts";

export interface KafkaServerOptions extends LocalServerOptions {
  /** How often the broker removes what retention no longer keeps, in milliseconds. Default 10,000. */
  readonly retentionCheckMs?: number;
  /** Users who may log in by PLAIN, with their passwords; then the broker wants a login. Default: it wants none. */
  readonly plainUsers?: Readonly<Record<string, string>>;
  /** The same by SCRAM-SHA-512. */
  readonly scramUsers?: Readonly<Record<string, string>>;
  /** Encrypts, with the key and certificate of this PKCS12 file. Default: it does not. */
  readonly tls?: { readonly keyStore: string; readonly password: string };
}

const NAME = "kafka";
const CLASS_PATH = join(KAFKA_JARS, "*");
/** Any; there is one broker. */
const CLUSTER_ID = "ZmFybXNjb3BlLWthZmthLQ";
const HEAP = "-Xmx512m";
/** A broker takes 4 s to start, several times that on a busy machine. */
const READY_MS_MAX = 90_000;

/** A Kafka broker on loopback that is its own controller (KRaft). */
export class KafkaServer extends LocalServer {
  readonly #controller: { port: number };

  constructor(options: KafkaServerOptions = {}) {
    const controller = { port: 0 };
    super(
      {
        name: NAME,
        requiredAs: NAME,
        overrideName: "JAVA_HOME",
        scheme: NAME,
        find: requireKafka,
        readyMsMax: READY_MS_MAX,
        configure: ({ dataDir, port }) => configure(dataDir, port, controller.port, options),
        isReady: (port) => answersVersions(port, options.tls !== undefined),
      },
      options,
    );
    this.#controller = controller;
  }

  override async start(signal?: AbortSignal): Promise<void> {
    this.#controller.port ||= await freePort();
    await super.start(signal);
  }

  /**
   * Why tests that need it must be skipped; null when it is there. Fetches it when it is not in the cache yet.
   * @throws {OperatingError} TOOL_MISSING when it cannot be had and FARMSCOPE_REQUIRE names "kafka".
   */
  static missing(): string | null {
    const reason = whyNoJava() ?? fetchKafka();
    const required = (process.env["FARMSCOPE_REQUIRE"] ?? "").split(",").map((name) => name.trim());
    if (reason !== null && required.includes(NAME)) throw toolMissing(reason);
    return reason === null ? null : `kafka: ${reason}`;
  }

  /** Makes one and starts it. */
  static async start(options: KafkaServerOptions = {}): Promise<KafkaServer> {
    const server = new KafkaServer(options);
    await server.start();
    return server;
  }
}

/** @throws {OperatingError} TOOL_MISSING. */
function requireKafka(): Binary {
  const reason = whyNoJava() ?? fetchKafka();
  if (reason !== null) throw toolMissing(reason);
  return { path: javaPath(), version: KAFKA_VERSION, env: {} };
}

function toolMissing(reason: string): OperatingError {
  return new OperatingError("TOOL_MISSING", `Kafka cannot be started: ${reason}`, {
    remedy: "install a JDK 17 or later and Maven (Debian: apt install openjdk-17-jdk-headless maven)",
  });
}

/** Writes the settings, makes the data directory a broker's if it is not one yet, and returns the command line. */
function configure(dataDir: string, port: number, controllerPort: number, options: KafkaServerOptions): string[] {
  const path = join(dataDir, "server.properties");
  writeFileSync(path, configuration(dataDir, port, controllerPort, options));
  const java = ["-cp", CLASS_PATH, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", HEAP];
  if (!existsSync(join(dataDir, "log", "meta.properties"))) {
    const users = Object.entries(options.scramUsers ?? {}).flatMap(([name, password]) => {
      return ["--add-scram", `SCRAM-SHA-512=[name=${name},password=${password}]`];
    });
    const tool = ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", path];
    const format = [...java, ...tool, ...users];
    const { status, stdout, stderr } = spawnSync(javaPath(), format, { encoding: "utf8", timeout: 60_000 });
    if (status !== 0) throw new OperatingError("CHILD_FAILED", `Kafka's storage: ${stdout}${stderr}`);
  }
  return [...java, "-XX:+UseSerialGC", "kafka.Kafka", path];
}

/**
 * Keys: https://kafka.apache.org/41/configuration/broker-configs. The voter stands in the settings and not in the
 * storage (format --standalone): so the controller may have another port at every start.
 */
function configuration(dataDir: string, port: number, controllerPort: number, options: KafkaServerOptions): string {
  const { retentionCheckMs = 10_000, plainUsers, scramUsers, tls } = options;
  const hasLogin = plainUsers !== undefined || scramUsers !== undefined;
  const protocol = `${hasLogin ? "SASL_" : ""}${tls === undefined ? "PLAINTEXT" : "SSL"}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=CLIENT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=CLIENT://127.0.0.1:${port}
listener.security.protocol.map=CLIENT:${protocol},CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
log.dirs=${join(dataDir, "log")}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.check.interval.ms=${retentionCheckMs}
log.initial.task.delay.ms=${retentionCheckMs}
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.enable=false
${tls === undefined ? "" : encryption(tls)}${hasLogin ? logins(plainUsers ?? {}) : ""}`;
}

function encryption({ keyStore, password }: { readonly keyStore: string; readonly password: string }): string {
  return `ssl.keystore.type=PKCS12
ssl.keystore.location=${keyStore}
ssl.keystore.password=${password}
ssl.truststore.type=PKCS12
ssl.truststore.location=${keyStore}
ssl.truststore.password=${password}
`;
}

/** The broker talks to itself too, and logs in as one of its own users. Those of SCRAM are in its storage. */
function logins(users: Readonly<Record<string, string>>): string {
  const own = 'username="broker" password="broker" user_broker="broker"';
  const others = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const security = "org.apache.kafka.common.security";
  return `sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.client.plain.sasl.jaas.config=${security}.plain.PlainLoginModule required ${own} ${others.join(" ")};
listener.name.client.scram-sha-512.sasl.jaas.config=${security}.scram.ScramLoginModule required;
`;
}

/** An ApiVersions request, version 0, with a number of ours that the answer repeats. Source: Kafka's protocol guide. */
const PROBE = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0x0f, 0xa5, 0x0c, 0x09, 0xff, 0xff]);
const PROBE_NUMBER = PROBE.subarray(8, 12);

/** Whether a broker takes requests on a port of 127.0.0.1. */
function answersVersions(port: number, isEncrypted: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const place = { port, host: "127.0.0.1", timeout: 1_000 };
    const socket = isEncrypted ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
    const finish = (outcome: boolean): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once(isEncrypted ? "secureConnect" : "connect", () => socket.write(PROBE));
    socket.once("data", (chunk: Buffer) => finish(chunk.subarray(4, 8).equals(PROBE_NUMBER)));
    for (const event of ["timeout", "error", "close"]) socket.once(event, () => finish(false));
  });
}
