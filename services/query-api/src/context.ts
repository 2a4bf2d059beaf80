import type { ControlAppender, LiveControl } from "@farmscope/control";
import type { Coordination } from "@farmscope/coordination";
import type { PastNodes } from "@farmscope/history";
import type { EventLog } from "@farmscope/log";
import type { Clock, Config, Logger } from "@farmscope/runtime";
import type { Keys, ViewStore } from "@farmscope/store";
import type { ReplayJobs } from "./jobs/replays.ts";
import type { LiveHub } from "./live/live-hub.ts";
import type { AlertFeed } from "./read/alert-feed.ts";
import type { Fleet } from "./read/fleet.ts";
import type { PageMaps } from "./read/page-maps.ts";
import type { Views } from "./read/views.ts";
import type { Registry } from "./write/registry.ts";

/** What the query API is made of: the ports and the settings that it takes. */
export interface QueryApiOptions {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<Config, "http" | "namespace" | "partitions" | "tokensFile">;
  /** Version shown in /metrics and status. */
  readonly version?: string;
}

/** What a route may use: the ports, and the readers that stand on them. */
export interface QueryContext extends Omit<QueryApiOptions, "version"> {
  readonly version: string;
  readonly startedMs: number;
  readonly keys: Keys;
  readonly views: Views;
  readonly fleet: Fleet;
  readonly pageMaps: PageMaps;
  /** Nodes as they were. */
  readonly past: PastNodes;
  readonly replays: ReplayJobs;
  readonly alerts: AlertFeed;
  readonly live: LiveHub;
  /** Writes fs.control. */
  readonly control: ControlAppender;
  /** What holds by fs.control; `refresh` before it is looked at. */
  readonly controlled: LiveControl;
  readonly registry: Registry;
}
