import type { Clock, Logger } from "@farmscope/runtime";
import { messageOf } from "@farmscope/runtime";
import type { CommitNotice } from "@farmscope/store";
import { LIVE_HEARTBEAT_MS, LIVE_PACE_MS } from "../limits.ts";
import { endOf, farmSummary, liveWindow } from "../measure/farm.ts";
import { meanShare, num, share } from "../measure/number.ts";
import { rfc3339 } from "../period.ts";
import type { AlertFeed } from "../read/alert-feed.ts";
import type { Fleet } from "../read/fleet.ts";
import type { Views } from "../read/views.ts";
import type { NodeLine } from "../schemas/index.ts";
import type { LiveHub } from "./live-hub.ts";

export interface LiveSourceParts {
  readonly hub: LiveHub;
  readonly fleet: Fleet;
  readonly views: Views;
  readonly alerts: AlertFeed;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Turns commits into live events, at most one a pace and scope, and only while somebody listens. What was already told
 * is remembered by position (nodes) and by start and revision (windows).
 */
export class LiveSource {
  readonly #parts: LiveSourceParts;
  readonly #changedNodes = new Set<number>();
  readonly #changedFarms = new Set<number>();
  readonly #toldNodes = new Map<string, number>();
  readonly #toldWindows = new Map<string, string>();

  constructor(parts: LiveSourceParts) {
    this.#parts = parts;
    parts.alerts.onEvent((alert) => {
      const standing = { coverage: alert.coverage, at: rfc3339(alert.atMs) };
      parts.hub.publish("alert", { ...standing, alert }, alert.labels["farm"] ?? null);
    });
  }

  /** To be called with every commit. */
  notice({ scope }: CommitNotice): void {
    const partition = Number(scope.slice(1));
    if (scope.startsWith("p")) this.#changedNodes.add(partition);
    if (scope.startsWith("m")) this.#changedFarms.add(partition);
  }

  /** Tells what changed since the last time. What cannot be read now is told next time. */
  async flush(): Promise<void> {
    await Promise.all([
      ...take(this.#changedNodes).map((partition) => this.#orAgain(this.#changedNodes, partition, this.#tellNodes)),
      ...take(this.#changedFarms).map((partition) => this.#orAgain(this.#changedFarms, partition, this.#tellFarms)),
      this.#parts.alerts.catchUp().catch(() => undefined),
    ]);
  }

  /** Paces events until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, hub } = this.#parts;
    let heartbeatAtMs = clock.monotonicMs() + LIVE_HEARTBEAT_MS;
    while (!signal.aborted) {
      await clock.sleep(LIVE_PACE_MS, signal).catch(() => undefined);
      if (signal.aborted || hub.clients === 0) continue;
      await this.flush();
      if (clock.monotonicMs() < heartbeatAtMs) continue;
      heartbeatAtMs = clock.monotonicMs() + LIVE_HEARTBEAT_MS;
      hub.heartbeat();
    }
  }

  async #orAgain(changed: Set<number>, partition: number, tell: (partition: number) => Promise<void>): Promise<void> {
    try {
      await tell(partition);
    } catch (error) {
      changed.add(partition);
      this.#parts.logger.debug({ partition, err: messageOf(error) }, "live events wait for the store");
    }
  }

  readonly #tellNodes = async (partition: number): Promise<void> => {
    const { lines } = await this.#parts.fleet.partition(partition, 0);
    const nodes = lines.filter((line) => this.#toldNodes.get(line.node) !== line.position);
    if (nodes.length === 0) return;
    for (const line of nodes) this.#toldNodes.set(line.node, line.position);
    this.#parts.hub.publish("node", { ...standingOf(nodes), nodes });
  };

  readonly #tellFarms = async (partition: number): Promise<void> => {
    const { hub, views } = this.#parts;
    for (const window of await views.farmsOf(partition)) {
      const version = `${num(window.startMs)}/${window.revision}`;
      if (this.#toldWindows.get(window.farm) === version) continue;
      this.#toldWindows.set(window.farm, version);
      const standing = { coverage: share(window.coverage), at: rfc3339(endOf(window)) };
      hub.publish("window", liveWindow(window), window.farm);
      hub.publish("farm", { ...standing, farm: farmSummary(window) }, window.farm);
    }
  };
}

/** Coverage and newest time of several nodes. */
export function standingOf(nodes: readonly NodeLine[], otherwiseMs = 0): { coverage: number; at: string } {
  const newestMs = nodes.reduce((newest, line) => Math.max(newest, line.lastEventMs), otherwiseMs);
  return { coverage: meanShare(nodes.map((line) => line.coverage)), at: rfc3339(newestMs) };
}

function take(set: Set<number>): number[] {
  const members = [...set];
  set.clear();
  return members;
}
