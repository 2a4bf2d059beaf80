import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ServerProgram, whyMissing } from "./binary.ts";
import { LocalServer, type LocalServerOptions } from "./local-server.ts";
import { answers } from "./loopback.ts";

export interface PrometheusServerOptions extends LocalServerOptions {
  /** "host:port" whose /metrics it reads, every second. */
  readonly target: string;
}

const PROGRAM: ServerProgram = {
  name: "prometheus",
  requiredAs: "prometheus",
  overrideName: "FARMSCOPE_PROMETHEUS",
};

/** A Prometheus on loopback that keeps exemplars: whether what we export is understood. */
export class PrometheusServer extends LocalServer {
  constructor({ target, ...options }: PrometheusServerOptions) {
    super(
      {
        ...PROGRAM,
        scheme: "http",
        configure: ({ dataDir, port }) => {
          const path = join(dataDir, "prometheus.yml");
          writeFileSync(path, configuration(target));
          return [
            `--config.file=${path}`,
            `--storage.tsdb.path=${join(dataDir, "tsdb")}`,
            `--web.listen-address=127.0.0.1:${port}`,
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
          ];
        },
        isReady: (port) => answers(port, "GET /-/ready HTTP/1.0\r\n\r\n", "HTTP/1.0 200"),
      },
      options,
    );
  }

  /**
   * Why tests that need it must be skipped; null when it is there.
   * @throws {OperatingError} TOOL_MISSING when it is missing and FARMSCOPE_REQUIRE names "prometheus".
   */
  static missing(): string | null {
    return whyMissing(PROGRAM);
  }

  /** Makes one and starts it. */
  static async start(options: PrometheusServerOptions): Promise<PrometheusServer> {
    const server = new PrometheusServer(options);
    await server.start();
    return server;
  }
}

function configuration(target: string): string {
  return `global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: farmscope
    static_configs:
      - targets: [${JSON.stringify(target)}]
`;
}
