import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAtLeast, type ServerProgram, whyMissing } from "./binary.ts";
import { LocalServer, type LocalServerOptions } from "./local-server.ts";
import { answers } from "./loopback.ts";

export interface NatsServerOptions extends LocalServerOptions {
  /** Largest message, in bytes. Default 1 MiB. */
  readonly payloadBytesMax?: number;
  /** How often written messages are forced to disk, where the server knows that setting (2.10). Default "1s". */
  readonly syncInterval?: string;
}

const PROGRAM: ServerProgram = {
  name: "nats-server",
  requiredAs: "nats",
  overrideName: "FARMSCOPE_NATS_SERVER",
};

/** A nats-server with JetStream on loopback, its streams in files below its data directory. */
export class NatsServer extends LocalServer {
  constructor(options: NatsServerOptions = {}) {
    super(
      {
        ...PROGRAM,
        scheme: "nats",
        configure: ({ dataDir, port, binary }) => {
          const path = join(dataDir, "nats-server.conf");
          writeFileSync(path, configuration(dataDir, port, binary.version, options));
          return ["--config", path];
        },
        // The server listens to clients only when it has recovered its streams.
        isReady: (port) => answers(port, "", "INFO "),
      },
      options,
    );
  }

  /**
   * Why tests that need it must be skipped; null when it is there.
   * @throws {OperatingError} TOOL_MISSING when it is missing and FARMSCOPE_REQUIRE names "nats".
   */
  static missing(): string | null {
    return whyMissing(PROGRAM);
  }

  /** Makes one and starts it. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options);
    await server.start();
    return server;
  }
}

/** Keys: https://docs.nats.io/running-a-nats-service/configuration */
function configuration(dataDir: string, port: number, version: string, options: NatsServerOptions): string {
  const { payloadBytesMax = 2 ** 20, syncInterval = "1s" } = options;
  // nats-server 2.9 refuses to start when it meets sync_interval.
  const sync = isAtLeast(version, 2, 10) ? `\n  sync_interval: ${JSON.stringify(syncInterval)}` : "";
  return `listen: "127.0.0.1:${port}"
max_payload: ${payloadBytesMax}
jetstream {
  store_dir: ${JSON.stringify(dataDir)}${sync}
}
`;
}
