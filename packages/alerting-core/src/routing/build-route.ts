/** From the tree of routes as it is written to that of packages/domain; what is not written is the parent's. */
import { LabelMatcher, parseMatcher, type Route, type TimeInterval } from "@farmscope/domain";
import type { RulesDocument } from "../rules/document.ts";
import type { FaultPath } from "../rules/faults.ts";
import { parseDurationMs } from "../rules/quantity.ts";
import { ROUTE_DEPTH_MAX, type RouteSource } from "./schema.ts";

/** What a route takes over from its parent. */
type Inherited = Pick<Route, "receiver" | "groupBy" | "groupWaitMs" | "groupIntervalMs" | "repeatIntervalMs">;

/** Source: Alertmanager's documentation of `<route>`; it groups all alerts into one where nothing is said. */
const DEFAULTS: Inherited = {
  receiver: "",
  groupBy: ["alert", "farm"],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 14_400_000,
};

export interface RouteSurroundings {
  readonly receivers: ReadonlySet<string>;
  readonly intervals: ReadonlyMap<string, TimeInterval>;
}

export function buildRoute(document: RulesDocument, source: RouteSource, around: RouteSurroundings): Route {
  if (source.receiver === undefined) document.report(["route"], "has no 'receiver'");
  if ((source.matchers?.length ?? 0) > 0) {
    document.report(["route", "matchers"], "must not be there: the first route takes every alert");
  }
  return build(document, ["route"], source, DEFAULTS, "", around);
}

function build(
  document: RulesDocument,
  path: FaultPath,
  source: RouteSource,
  parent: Inherited,
  parentId: string,
  around: RouteSurroundings,
): Route {
  const matchers = buildMatchers(document, [...path, "matchers"], source.matchers ?? []);
  const id = `${parentId}{${matchers.map(String).join(",")}}`;
  const own: Inherited = {
    receiver: source.receiver ?? parent.receiver,
    groupBy: buildGroupBy(document, path, source.group_by, parent.groupBy),
    groupWaitMs: buildDuration(document, path, "group_wait", source, parent.groupWaitMs, 0),
    groupIntervalMs: buildDuration(document, path, "group_interval", source, parent.groupIntervalMs, 0),
    repeatIntervalMs: buildDuration(document, path, "repeat_interval", source, parent.repeatIntervalMs!, 10_000),
  };
  if (source.receiver !== undefined && !around.receivers.has(source.receiver)) {
    document.report([...path, "receiver"], `must be the name of a receiver, not ${source.receiver}`);
  }
  return {
    ...own,
    id,
    matchers,
    continues: source.continue ?? false,
    muteIntervals: buildIntervals(document, [...path, "mute_time_intervals"], source.mute_time_intervals, around),
    activeIntervals: buildIntervals(document, [...path, "active_time_intervals"], source.active_time_intervals, around),
    routes: buildChildren(document, path, source, own, id, around),
  };
}

function buildChildren(
  document: RulesDocument,
  path: FaultPath,
  { routes = [] }: RouteSource,
  own: Inherited,
  id: string,
  around: RouteSurroundings,
): readonly Route[] {
  if (routes.length > 0 && path.length > 2 * ROUTE_DEPTH_MAX) {
    document.report([...path, "routes"], `must not be more than ${ROUTE_DEPTH_MAX} deep`);
    return [];
  }
  return routes.map((child, at) => build(document, [...path, "routes", at], child, own, id, around));
}

export function buildMatchers(
  document: RulesDocument,
  path: FaultPath,
  sources: readonly string[],
): readonly LabelMatcher[] {
  return sources.flatMap((written, at) => {
    const matcher = parseMatcher(written);
    if (matcher instanceof LabelMatcher) return [matcher];
    document.report([...path, at], matcher);
    return [];
  });
}

function buildGroupBy(
  document: RulesDocument,
  path: FaultPath,
  written: readonly string[] | undefined,
  inherited: Route["groupBy"],
): Route["groupBy"] {
  if (written === undefined) return inherited;
  if (!written.includes("...")) return written;
  if (written.length > 1) document.report([...path, "group_by"], "must be '...' alone, or labels");
  return "all";
}

function buildDuration(
  document: RulesDocument,
  path: FaultPath,
  key: "group_wait" | "group_interval" | "repeat_interval",
  source: RouteSource,
  inherited: number,
  leastMs: number,
): number {
  const written = source[key];
  if (written === undefined) return inherited;
  const ms = parseDurationMs(written);
  if (ms !== null && ms >= leastMs) return ms;
  document.report(
    [...path, key],
    `must be a duration of whole milliseconds, at least ${leastMs / 1000}s, not ${written}`,
  );
  return inherited;
}

function buildIntervals(
  document: RulesDocument,
  path: FaultPath,
  names: readonly string[] = [],
  { intervals }: RouteSurroundings,
): readonly TimeInterval[] {
  return names.flatMap((name, at) => {
    const interval = intervals.get(name);
    if (interval !== undefined) return [interval];
    document.report([...path, at], `must be the name of a time interval, not ${name}`);
    return [];
  });
}
