import { type Clock, OperatingError, retrying, SystemClock } from "@farmscope/runtime";
import { freePort } from "./loopback.ts";
import { NatsServer } from "./nats.ts";
import type { NatsVersion } from "./nats-version.ts";

export interface NatsClusterOptions {
  /** Default "packaged". */
  readonly version?: NatsVersion;
  /** Default 3. */
  readonly size?: number;
  readonly clock?: Clock;
}

/** What we read of a server's account of its JetStream: GET /jsz. Source: nats-server, server/monitor.go, JSInfo. */
interface JetStreamInfo {
  readonly config?: { readonly sync_interval?: number };
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly StreamDetail[];
  }[];
}

interface StreamDetail {
  readonly name: string;
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly Replica[] };
}

interface Replica {
  readonly current: boolean;
  readonly offline?: boolean;
}

const NAME = "farmscope";
/** Ports tried before giving up: another process may take a free one before our server does. */
const START_TRIES = 3;
/** Longest wait for a leader, in milliseconds: on a busy machine 2.9 has been seen to need more than 20 s. */
const LEADER_MS_MAX = 45_000;
const ASK_MS_MAX = 2_000;

/** Servers of one JetStream cluster on loopback. Each can be stopped, killed and started by itself. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];
  readonly #monitorPorts: readonly number[];
  readonly #clock: Clock;

  private constructor(servers: readonly NatsServer[], monitorPorts: readonly number[], clock: Clock) {
    this.servers = servers;
    this.#monitorPorts = monitorPorts;
    this.#clock = clock;
  }

  /**
   * Makes one and starts it; resolves when all servers follow one leader.
   * @throws {OperatingError} TOOL_MISSING, CHILD_FAILED.
   */
  static async start(options: NatsClusterOptions = {}): Promise<NatsCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = await NatsCluster.#make(options);
      try {
        await Promise.all(cluster.servers.map((server) => server.start()));
        await cluster.settled();
        return cluster;
      } catch (error) {
        await cluster[Symbol.asyncDispose]();
        const isFinal = !(error instanceof OperatingError) || error.code !== "CHILD_FAILED";
        if (isFinal || attempt === START_TRIES) throw error;
      }
    }
  }

  static async #make({ version = "packaged", size = 3, clock = new SystemClock() }: NatsClusterOptions) {
    const ports = await Promise.all(Array.from({ length: 3 * size }, () => freePort()));
    const [clientPorts, routePorts, monitorPorts] = [0, 1, 2].map((kind) =>
      ports.slice(kind * size, (kind + 1) * size),
    );
    const servers = clientPorts!.map((port, index) => {
      const place = { name: NAME, serverName: serverName(index), domain: NAME, routePorts: routePorts! };
      const cluster = { ...place, routePort: routePorts![index]! };
      return new NatsServer({ version, port, clock, cluster, monitorPort: monitorPorts![index]! });
    });
    return new NatsCluster(servers, monitorPorts!, clock);
  }

  /** URLs of all servers, comma separated. */
  get url(): string {
    return this.servers.map(({ url }) => url).join(",");
  }

  /** Version of the servers, "2.9.10". */
  get version(): string {
    return this.servers[0]!.version;
  }

  /** Resolves when every running server follows the same leader of the cluster and its replicas are up to date. */
  async settled(): Promise<void> {
    await this.#until("the cluster has no leader", async () => {
      const infos = await this.#infos();
      const running = this.servers.flatMap(({ state }, index) => (state === "running" ? [serverName(index)] : []));
      const [leader = "", ...others] = new Set(infos.map(({ info }) => info.meta_cluster?.leader ?? ""));
      // Just after a kill all may still name the one that is dead.
      const isLed = others.length === 0 && running.includes(leader);
      const isWhole = infos.every(({ info }) => info.meta_cluster?.cluster_size === this.servers.length);
      const replicas = infos.flatMap(({ info }) => streamsOf(info)).flatMap(({ cluster }) => cluster?.replicas ?? []);
      const isCurrent = replicas.every(({ current, offline = false }) => current || offline);
      return infos.length === running.length && isLed && isWhole && isCurrent ? true : null;
    });
  }

  /** The server that leads the stream; waits until there is one. */
  async leaderOf(stream: string): Promise<NatsServer> {
    return await this.#until(`stream ${stream} has no leader`, async () => {
      for (const { index, info } of await this.#infos()) {
        const detail = streamsOf(info).find(({ name }) => name === stream);
        // Only the leader knows for certain; the others may not have heard of its end yet.
        if (detail?.cluster?.leader === serverName(index)) return this.servers[index]!;
      }
      return null;
    });
  }

  /** sync_interval of each running server in nanoseconds, null where the server does not tell one. */
  async syncIntervalsNs(): Promise<(number | null)[]> {
    return (await this.#infos()).map(({ info }) => info.config?.sync_interval ?? null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #infos(): Promise<{ index: number; info: JetStreamInfo }[]> {
    const asked = this.servers.map(async ({ state }, index) => {
      const info = state === "running" ? await askJetStream(this.#monitorPorts[index]!) : null;
      return info === null ? [] : [{ index, info }];
    });
    return (await Promise.all(asked)).flat();
  }

  async #until<T>(failure: string, ask: () => Promise<T | null>): Promise<T> {
    const endMs = this.#clock.monotonicMs() + LEADER_MS_MAX;
    const work = async (): Promise<T> => {
      const answer = await ask();
      if (answer !== null) return answer;
      const retriable = this.#clock.monotonicMs() < endMs;
      throw new OperatingError("CHILD_FAILED", failure, { retriable });
    };
    return await retrying(this.#clock, work, { firstMs: 50, maxMs: 200 });
  }
}

function serverName(index: number): string {
  return `${NAME}-${index + 1}`;
}

function streamsOf(info: JetStreamInfo): StreamDetail[] {
  return (info.account_details ?? []).flatMap((account) => account.stream_detail ?? []);
}

async function askJetStream(port: number): Promise<JetStreamInfo | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/jsz?accounts=true&streams=true`, {
      signal: AbortSignal.timeout(ASK_MS_MAX),
    });
    return (await response.json()) as JetStreamInfo;
  } catch {
    // It is starting, or has just been killed.
    return null;
  }
}
