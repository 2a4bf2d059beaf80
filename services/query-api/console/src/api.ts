/** What the console asks of the query API. Types are the API's own response schemas. */
import type {
  AckAnswer,
  AlertsAnswer,
  AnnotationRequest,
  AnnotationsAnswer,
  FarmAnswer,
  FarmFragmentationAnswer,
  FarmLatencyAnswer,
  FarmsAnswer,
  FreeBlocksAnswer,
  HeatmapAnswer,
  NodeAnswer,
  NodeFragmentationAnswer,
  NodeLatencyAnswer,
  NodesAnswer,
  ReplayAnswer,
  ReplayRequest,
  ReplaysAnswer,
  RulesAnswer,
  SignalName,
  SilenceRequest,
  SilencesAnswer,
  StatusAnswer,
  TrajectoryAnswer,
} from "../../src/schemas/index.ts";
import { getJson, queryOf, send } from "./http.ts";

export { ApiError } from "./http.ts";

type Abort = AbortSignal | undefined;

/** A period of a series: the last `lengthMs` before a moment, or before now. */
export interface Period {
  readonly toMs: number | null;
  readonly lengthMs: number;
}

/** `from` and `to` of a period that ends now or at a moment, and the step that keeps it to a few hundred points. */
function periodQuery({ toMs, lengthMs }: Period): { from: number; to: number; step: string } {
  const to = toMs ?? Date.now();
  return { from: to - lengthMs, to, step: `${stepOf(lengthMs)}ms` };
}

const STEPS_MS = [10_000, 60_000, 600_000] as const;
const POINTS_AIMED_AT = 400;

/** The narrowest window width that shows a period in a few hundred points. */
export function stepOf(lengthMs: number): number {
  return STEPS_MS.find((step) => lengthMs / step <= POINTS_AIMED_AT) ?? 600_000;
}

export const nodePath = (node: string): string => `/api/v1/nodes/${encodeURIComponent(node)}`;
export const farmPath = (farm: string): string => `/api/v1/farms/${encodeURIComponent(farm)}`;

export const getFarms = (abort?: Abort): Promise<FarmsAnswer> => getJson("/api/v1/farms", abort);
export const getFarm = (farm: string, abort?: Abort): Promise<FarmAnswer> => getJson(farmPath(farm), abort);
export const getNodes = (abort?: Abort): Promise<NodesAnswer> => getJson("/api/v1/nodes?limit=5000", abort);
export const getNode = (node: string, abort?: Abort): Promise<NodeAnswer> => getJson(nodePath(node), abort);
export const getStatus = (abort?: Abort): Promise<StatusAnswer> => getJson("/api/v1/status", abort);
export const getAlerts = (abort?: Abort): Promise<AlertsAnswer> => getJson("/api/v1/alerts?limit=500", abort);

export const getFreeBlocks = (node: string, atMs: number | null, abort?: Abort): Promise<FreeBlocksAnswer> =>
  getJson(`${nodePath(node)}/free-blocks${queryOf({ at: atMs })}`, abort);

const QUANTILES = "0.5,0.95,0.99";

export function getNodeLatency(node: string, signal: SignalName, period: Period, abort?: Abort) {
  const query = queryOf({ signal, quantiles: QUANTILES, ...periodQuery(period) });
  return getJson<NodeLatencyAnswer>(`${nodePath(node)}/latency${query}`, abort);
}

export function getFarmLatency(farm: string, signal: SignalName, period: Period, abort?: Abort) {
  const query = queryOf({ signal, quantiles: QUANTILES, ...periodQuery(period) });
  return getJson<FarmLatencyAnswer>(`${farmPath(farm)}/latency${query}`, abort);
}

export function getFarmFragmentation(farm: string, order: string, period: Period, abort?: Abort) {
  return getJson<FarmFragmentationAnswer>(
    `${farmPath(farm)}/fragmentation${queryOf({ order, ...periodQuery(period) })}`,
    abort,
  );
}

export function getNodeFragmentation(node: string, zone: string | null, period: Period, abort?: Abort) {
  return getJson<NodeFragmentationAnswer>(
    `${nodePath(node)}/fragmentation${queryOf({ zone, ...periodQuery(period) })}`,
    abort,
  );
}

/** Latency by bucket and time. */
export function getHeatmap(farm: string, signal: SignalName, period: Period, abort?: Abort) {
  return getJson<HeatmapAnswer>(
    `${farmPath(farm)}/latency/heatmap${queryOf({ signal, ...periodQuery(period) })}`,
    abort,
  );
}

/** The life of one page over a period that ends now or at a moment. */
export function getTrajectory(node: string, pfn: number, period: Period, abort?: Abort) {
  const { from, to } = periodQuery(period);
  return getJson<TrajectoryAnswer>(`${nodePath(node)}/pages/${pfn}${queryOf({ from, to })}`, abort);
}

export const getSilences = (abort?: Abort): Promise<SilencesAnswer> => getJson("/api/v1/silences", abort);
export const getRules = (abort?: Abort): Promise<RulesAnswer> => getJson("/api/v1/rules", abort);
export const getReplays = (abort?: Abort): Promise<ReplaysAnswer> => getJson("/api/v1/replays", abort);

export function getAnnotations(period: Period, abort?: Abort): Promise<AnnotationsAnswer> {
  const { from, to } = periodQuery(period);
  return getJson(`/api/v1/annotations${queryOf({ from, to })}`, abort);
}

export const acknowledge = (incident: string, comment: string): Promise<AckAnswer | null> =>
  send("POST", `/api/v1/alerts/${encodeURIComponent(incident)}/ack`, comment === "" ? {} : { comment });
export const silence = (request: SilenceRequest): Promise<unknown> => send("POST", "/api/v1/silences", request);
export const endSilence = (id: string): Promise<unknown> =>
  send("DELETE", `/api/v1/silences/${encodeURIComponent(id)}`);
export const annotate = (request: AnnotationRequest): Promise<unknown> => send("POST", "/api/v1/annotations", request);
export const startReplay = (request: ReplayRequest): Promise<ReplayAnswer | null> =>
  send("POST", "/api/v1/replays", request);
export const endReplay = (id: string): Promise<unknown> => send("DELETE", `/api/v1/replays/${encodeURIComponent(id)}`);
