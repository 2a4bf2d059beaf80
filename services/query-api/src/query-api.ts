import type { AddressInfo } from "node:net";
import { ControlAppender, LiveControl } from "@farmscope/control";
import { PastNodes } from "@farmscope/history";
import { messageOf, OperatingError, retrying, type Service } from "@farmscope/runtime";
import { Keys } from "@farmscope/store";
import { buildApp } from "./app.ts";
import type { QueryApiOptions, QueryContext } from "./context.ts";
import { createReplayJobs } from "./jobs/replays.ts";
import { LiveHub } from "./live/live-hub.ts";
import { LiveSource } from "./live/live-source.ts";
import { AlertFeed } from "./read/alert-feed.ts";
import { CommitBell } from "./read/commit-bell.ts";
import { Fleet } from "./read/fleet.ts";
import { PageMaps } from "./read/page-maps.ts";
import { Views } from "./read/views.ts";
import type { App } from "./routes/route.ts";
import { Registry } from "./write/registry.ts";

const ROLE = "query-api";

/** The query API: HTTP, event streams and the console over the store and the log. Any number of replicas may run. */
export class QueryApi implements Service {
  readonly context: QueryContext;
  readonly #source: LiveSource;
  readonly #bell: CommitBell;
  #app: App | null = null;
  #address = "";

  constructor(options: QueryApiOptions) {
    const { clock, config, log, logger, store } = options;
    const startedMs = clock.nowMs();
    const keys = new Keys(config.namespace);
    const views = new Views(store, keys, config.partitions);
    const fleet = new Fleet(views, clock);
    const alerts = new AlertFeed(log, logger);
    const live = new LiveHub(startedMs.toString(36));
    this.#bell = new CommitBell(clock);
    const control = new ControlAppender({ log, clock, by: ROLE });
    const controlled = new LiveControl({ log, clock, logger });
    const pageMaps = new PageMaps(views, control, clock, this.#bell);
    this.context = {
      ...options,
      version: options.version ?? "0.1.0",
      startedMs,
      keys,
      views,
      fleet,
      pageMaps,
      replays: createReplayJobs(options),
      past: new PastNodes({ log, logger, keys, namespace: config.namespace, partitions: config.partitions }),
      alerts,
      live,
      control,
      controlled,
      registry: new Registry(control, controlled),
    };
    this.#source = new LiveSource({ hub: live, fleet, views, alerts, clock, logger });
  }

  /** Where it listens, "http://127.0.0.1:7070"; empty before {@link start}. */
  get address(): string {
    return this.#address;
  }

  /** The server, built but not listening: for tests and for start. */
  async app(): Promise<App> {
    this.#app ??= await buildApp(this.context);
    return this.#app;
  }

  /**
   * Listens. The log and the store need not be there yet: /readyz says so.
   * @throws {OperatingError} HTTP_LISTEN_FAILED, CONFIG_INVALID.
   */
  async start(): Promise<string> {
    const { host, port } = addressOf(this.context.config.http);
    const app = await this.app();
    try {
      await app.listen({ host, port });
    } catch (cause) {
      throw new OperatingError(
        "HTTP_LISTEN_FAILED",
        `cannot listen on ${this.context.config.http}: ${messageOf(cause)}`,
        {
          cause,
          remedy: "choose another address by FARMSCOPE_HTTP or --http, or stop who has it",
        },
      );
    }
    const bound = app.server.address() as AddressInfo;
    this.#address = `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
    this.context.logger.info({ address: this.#address }, "the query API listens");
    return this.#address;
  }

  /** Serves until `signal` fires, then ends the event streams, finishes what is being served and returns. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#address === "") await this.start();
    const stop = await this.followCommits(signal);
    await Promise.all([this.#source.run(signal), this.#announce(signal)]);
    this.context.live.close();
    await stop();
    await this.context.replays.close();
    await this.context.alerts.close();
    await this.context.controlled.close();
    await this.#app?.close();
    this.#address = "";
  }

  /** Listens to commits: what is cached becomes stale by them, and live events come from them. */
  async followCommits(signal?: AbortSignal): Promise<() => Promise<void>> {
    const { clock, fleet, store } = this.context;
    return retrying(
      clock,
      () =>
        store.watch((notice) => {
          if (notice.scope.startsWith("p")) fleet.changed(Number(notice.scope.slice(1)));
          this.#source.notice(notice);
          this.#bell.ring(notice);
        }),
      signal === undefined ? {} : { signal },
    );
  }

  /** Tells live clients now what changed: what {@link run} does at its pace. */
  async flushLive(): Promise<void> {
    await this.#source.flush();
  }

  /** Is seen as a member, as long as the coordination service can be reached. */
  async #announce(signal: AbortSignal): Promise<void> {
    const { clock, coordination, logger } = this.context;
    const member = { id: this.#address, role: ROLE };
    while (!signal.aborted) {
      await coordination.announce(member).catch((error: unknown) => {
        logger.debug({ err: messageOf(error) }, "not announced");
      });
      await clock.sleep(coordination.ttlMs / 3, signal).catch(() => undefined);
    }
    await coordination.withdraw(member).catch(() => undefined);
  }
}

/** Host and port of "127.0.0.1:7070" or "[::1]:7070". */
function addressOf(http: string): { readonly host: string; readonly port: number } {
  const at = http.lastIndexOf(":");
  return { host: http.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(http.slice(at + 1)) };
}

/** The query API on the given ports; call run(). */
export function createQueryApi(options: QueryApiOptions): QueryApi {
  return new QueryApi(options);
}
