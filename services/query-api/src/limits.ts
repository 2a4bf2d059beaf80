/** Everything that is bounded in the query API, and by how much. What happens at a limit stands beside it. */

/** Requests served at the same time, event streams not counted; more are refused with OVERLOADED. */
export const REQUESTS_MAX = 256;
/** Event streams at the same time; more are refused with OVERLOADED. */
export const LIVE_CLIENTS_MAX = 512;
/** Bytes waiting for a slow client of an event stream; more and it is cut off. */
export const LIVE_CLIENT_BYTES_MAX = 2 * 2 ** 20;
/** Live events kept for clients that come back with Last-Event-ID; older ones are answered by "reset". */
export const LIVE_EVENTS_KEPT = 1_024;
/** Bytes of those events. */
export const LIVE_BYTES_KEPT = 16 * 2 ** 20;
/** Pace of live events in milliseconds: a scope that commits faster is told of once. */
export const LIVE_PACE_MS = 500;
/** A comment goes to silent clients this often, in milliseconds, so that nobody in between hangs up. */
export const LIVE_HEARTBEAT_MS = 15_000;

/** Longest wait of /readyz and status for any one thing that they ask, in milliseconds. */
export const PROBE_MS_MAX = 2_000;
/** Bytes of a request's body; there is nothing to send yet. */
export const BODY_BYTES_MAX = 64 * 1024;
/** Points of one series; longer periods need a longer step: QUERY_TOO_LARGE. */
export const POINTS_MAX = 2_000;
/** Points that the default step aims at. */
export const POINTS_DEFAULT = 720;
/** Windows read for one request; more: QUERY_TOO_LARGE. */
export const WINDOWS_READ_MAX = 20_000;
/** Quantiles of one request. */
export const QUANTILES_MAX = 16;

/** Runs in one answer of a page map as JSON; the rest follows at `next`. */
export const PAGE_RUNS_MAX = 200_000;
/** Pixels of a page map's picture; more: QUERY_TOO_LARGE. */
export const PIXELS_MAX = 4 * 2 ** 20;
/** Pixels that the default scale aims at. */
export const PIXELS_DEFAULT = 2 ** 20;
/** Decompressed bytes of a page map's runs. */
export const PAGE_MAP_BYTES_MAX = 256 * 2 ** 20;
/** Longest wait for a page map that was asked for, in milliseconds; then the stale one, or VIEW_NOT_READY. */
export const PAGE_MAP_WAIT_MS = 3_000;
/** A node stays in focus for this long after it was asked for, in milliseconds. */
export const FOCUS_MS = 60_000;
/** A page map this much older than the node's view is stale, in milliseconds. */
export const PAGE_MAP_STALE_MS = 3_000;
/** Nodes whose focus is remembered here. */
export const FOCUS_NODES_MAX = 1_024;

/** Batches of a node looked through for one page of its events; the rest follows at `next`. */
export const EVENT_BATCHES_MAX = 2_000;
/** Nodes whose raw events are looked through for the exemplars of a heatmap. */
export const EXEMPLAR_NODES_MAX = 8;
/** Batches of each of them. */
export const EXEMPLAR_BATCHES_MAX = 2_000;

/** Replays that run at the same time; further ones wait. */
export const REPLAYS_RUNNING_MAX = 1;
/** Replays that wait or run; more are refused with OVERLOADED. */
export const REPLAYS_OPEN_MAX = 4;
/** Replays remembered, with what they gave. */
export const REPLAYS_KEPT_MAX = 8;
/** How long after its end what a replay gave is kept, in milliseconds. */
export const REPLAY_KEEP_MS = 3_600_000;
/** Windows of nodes that one replay may give: about 2 KiB each, kept in memory; more: QUERY_TOO_LARGE. */
export const REPLAY_WINDOWS_MAX = 50_000;

/** Alert events and deliveries kept in memory; the oldest go first. */
export const ALERT_EVENTS_KEPT = 1_000;
/** Alert instances kept in memory; the ones that ended longest ago go first. */
export const ALERT_INSTANCES_KEPT = 10_000;
/** Dead letters shown by status. */
export const DEAD_LETTERS_SHOWN = 10;

/** How often a node is moved anew when others move it at the same time; then OVERLOADED. */
export const REGISTRY_TRIES_MAX = 8;

/** Nodes with series of their own in /metrics; the number left out is a metric too. */
export const METRIC_NODES_MAX = 5_000;
/** Farms in /metrics. */
export const METRIC_FARMS_MAX = 500;
/** Rules by severity and state in /metrics. */
export const METRIC_ALERTS_MAX = 1_000;

/** Views of a partition's nodes are read anew at most this often, in milliseconds, and only after a commit. */
export const FLEET_REFRESH_MS = 500;
/** They are read anew after this long in any case, in milliseconds, since notices may be missed. */
export const FLEET_STALE_MS = 5_000;
