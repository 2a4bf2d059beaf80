import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAtLeast } from "./binary.ts";
import { LocalServer, type LocalServerOptions } from "./local-server.ts";
import { answers } from "./loopback.ts";
import { type NatsVersion, natsProgram, whyNatsMissing } from "./nats-version.ts";

export interface NatsServerOptions extends LocalServerOptions {
  /** Which server. Default "packaged". "newer" must have been asked for by {@link NatsServer.missing} before. */
  readonly version?: NatsVersion;
  /** Largest message, in bytes. Default 1 MiB. */
  readonly payloadBytesMax?: number;
  /** How often written messages are forced to disk, where the server knows that setting (2.10). Default "1s". */
  readonly syncInterval?: string;
  /** Port of its monitoring over HTTP. Absent: none. */
  readonly monitorPort?: number;
  /** Its place in a cluster. Absent: it stands alone. */
  readonly cluster?: NatsClusterPlace;
}

export interface NatsClusterPlace {
  /** Name of the cluster. */
  readonly name: string;
  /** Name of this server in it. */
  readonly serverName: string;
  readonly routePort: number;
  /** Route ports of all servers of the cluster. */
  readonly routePorts: readonly number[];
  /** JetStream domain of the cluster. */
  readonly domain: string;
}

/** A nats-server with JetStream on loopback, its streams in files below its data directory. */
export class NatsServer extends LocalServer {
  constructor(options: NatsServerOptions = {}) {
    super(
      {
        ...natsProgram(options.version ?? "packaged"),
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
   * Why tests that need it must be skipped; null when it is there. Cost: the newer one is installed at the first call.
   * @throws {OperatingError} TOOL_MISSING when it is missing and FARMSCOPE_REQUIRE names "nats" (or "nats-newer").
   */
  static missing(version: NatsVersion = "packaged"): string | null {
    return whyNatsMissing(version);
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
  const { payloadBytesMax = 2 ** 20, syncInterval = "1s", monitorPort, cluster } = options;
  // nats-server 2.9 refuses to start when it meets sync_interval.
  const sync = isAtLeast(version, 2, 10) ? `\n  sync_interval: ${JSON.stringify(syncInterval)}` : "";
  const domain = cluster === undefined ? "" : `\n  domain: ${JSON.stringify(cluster.domain)}`;
  return `listen: "127.0.0.1:${port}"
max_payload: ${payloadBytesMax}
jetstream {
  store_dir: ${JSON.stringify(dataDir)}${sync}${domain}
}
${monitorPort === undefined ? "" : `http: "127.0.0.1:${monitorPort}"\n`}${cluster === undefined ? "" : clusterBlock(cluster)}`;
}

function clusterBlock({ name, serverName, routePort, routePorts }: NatsClusterPlace): string {
  const routes = routePorts.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  return `server_name: ${JSON.stringify(serverName)}
cluster {
  name: ${JSON.stringify(name)}
  listen: "127.0.0.1:${routePort}"
  routes: [${routes}]
}
`;
}
