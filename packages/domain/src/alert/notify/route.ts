/** The tree that decides who hears of an alert, and how patiently. */
import { type AlertLabels, type LabelMatcher, matchesAll } from "./matcher.ts";
import type { TimeInterval } from "./time-interval.ts";

export interface Route {
  /** Made of the matchers on the way to it: the same after a restart, also when its neighbours have changed. */
  readonly id: string;
  readonly receiver: string;
  readonly matchers: readonly LabelMatcher[];
  /** Whether the routes beside it are asked too when it has matched. */
  readonly continues: boolean;
  /** Labels by which alerts are put together; "all": each alert is a group of its own. */
  readonly groupBy: readonly string[] | "all";
  /** How long the first message of a group waits for company, in milliseconds. */
  readonly groupWaitMs: number;
  /** Least time between two messages of a group, in milliseconds; a rise in severity does not wait for it. */
  readonly groupIntervalMs: number;
  /** When what goes on is told again, in milliseconds; null: never. */
  readonly repeatIntervalMs: number | null;
  /** Quiet while one of them matches. */
  readonly muteIntervals: readonly TimeInterval[];
  /** Quiet while none of them matches; empty: never for this. */
  readonly activeIntervals: readonly TimeInterval[];
  readonly routes: readonly Route[];
}

/** What every route has that is not told otherwise: each alert at once, alone, and never again. */
export const IMMEDIATE_ROUTE: Omit<Route, "receiver"> = {
  id: "{}",
  matchers: [],
  continues: false,
  groupBy: "all",
  groupWaitMs: 0,
  groupIntervalMs: 0,
  repeatIntervalMs: null,
  muteIntervals: [],
  activeIntervals: [],
  routes: [],
};

/**
 * The routes that an alert takes: of a route's children the first that matches, and those after it as long as they
 * `continue`; the route itself when no child matches. Source: Alertmanager's documentation of `<route>`.
 */
export function routesOf(route: Route, labels: AlertLabels): readonly Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const taken: Route[] = [];
  for (const child of route.routes) {
    const below = routesOf(child, labels);
    taken.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return taken.length > 0 ? taken : [route];
}

/** The labels of the group that an alert belongs to. */
export function groupLabelsOf(route: Route, labels: AlertLabels, alertKey: string): AlertLabels {
  if (route.groupBy === "all") return { alert_key: alertKey };
  return Object.fromEntries(route.groupBy.map((name) => [name, Object.hasOwn(labels, name) ? labels[name]! : ""]));
}

/** The name of a group. */
export function groupKeyOf(route: Route, groupLabels: AlertLabels): string {
  const pairs = Object.keys(groupLabels)
    .sort()
    .map((name) => `${name}=${encodeURIComponent(groupLabels[name]!)}`);
  return `${route.receiver}/${route.id}:{${pairs.join(",")}}`;
}
