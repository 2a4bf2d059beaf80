import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ServerProgram, whyMissing } from "./binary.ts";
import { LocalServer, type LocalServerOptions } from "./local-server.ts";
import { answers } from "./loopback.ts";

export interface RedisServerOptions extends LocalServerOptions {
  /** Whether writes go to an append-only file, forced to disk every second. Default true. */
  readonly appendOnly?: boolean;
}

const PROGRAM: ServerProgram = {
  name: "redis-server",
  requiredAs: "redis",
  overrideName: "FARMSCOPE_REDIS_SERVER",
};

/** A redis-server on loopback. */
export class RedisServer extends LocalServer {
  constructor(options: RedisServerOptions = {}) {
    super(
      {
        ...PROGRAM,
        scheme: "redis",
        configure: ({ dataDir, port }) => {
          const path = join(dataDir, "redis.conf");
          writeFileSync(path, configuration(dataDir, port, options.appendOnly ?? true));
          return [path];
        },
        // While it loads its data it answers -LOADING.
        isReady: (port) => answers(port, "PING\r\n", "+PONG"),
      },
      options,
    );
  }

  /**
   * Why tests that need it must be skipped; null when it is there.
   * @throws {OperatingError} TOOL_MISSING when it is missing and FARMSCOPE_REQUIRE names "redis".
   */
  static missing(): string | null {
    return whyMissing(PROGRAM);
  }

  /** Makes one and starts it. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options);
    await server.start();
    return server;
  }
}

/** Keys: redis.conf of Redis 7.0. No snapshots: the append-only file is the durable copy, and views are never evicted. */
function configuration(dataDir: string, port: number, appendOnly: boolean): string {
  return `bind 127.0.0.1
port ${port}
protected-mode yes
daemonize no
logfile ""
dir ${JSON.stringify(dataDir)}
save ""
appendonly ${appendOnly ? "yes" : "no"}
appendfsync everysec
maxmemory-policy noeviction
`;
}
