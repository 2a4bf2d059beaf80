/** What the console asks of the query API. Types are the API's own response schemas. */
import type {
  AlertsAnswer,
  FarmsAnswer,
  FreeBlocksAnswer,
  NodeAnswer,
  NodeLatencyAnswer,
  NodesAnswer,
  PageMapAnswer,
  Problem,
  SignalName,
} from "../../src/schemas/index.ts";

/** A refusal or failure of the API, with the problem document's way out where it has one. */
export class ApiError extends Error {
  readonly status: number;
  readonly remedy: string | undefined;

  constructor(status: number, message: string, remedy?: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.remedy = remedy;
  }
}

async function fail(response: Response): Promise<never> {
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null;
  throw new ApiError(response.status, problem?.detail ?? problem?.title ?? response.statusText, problem?.remedy);
}

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, { headers: { accept: "application/json" }, ...(signal ? { signal } : {}) });
  if (!response.ok) return fail(response);
  return (await response.json()) as T;
}

const nodePath = (node: string): string => `/api/v1/nodes/${encodeURIComponent(node)}`;

export const getFarms = (signal?: AbortSignal): Promise<FarmsAnswer> => getJson("/api/v1/farms", signal);
export const getNodes = (signal?: AbortSignal): Promise<NodesAnswer> => getJson("/api/v1/nodes?limit=5000", signal);
export const getNode = (node: string, signal?: AbortSignal): Promise<NodeAnswer> => getJson(nodePath(node), signal);
export const getAlerts = (signal?: AbortSignal): Promise<AlertsAnswer> => getJson("/api/v1/alerts?limit=50", signal);
export const getFreeBlocks = (node: string, signal?: AbortSignal): Promise<FreeBlocksAnswer> =>
  getJson(`${nodePath(node)}/free-blocks`, signal);
export const getLatency = (node: string, name: SignalName, signal?: AbortSignal): Promise<NodeLatencyAnswer> =>
  getJson(`${nodePath(node)}/latency?signal=${name}&quantiles=0.5,0.95,0.99&step=10s`, signal);

/** What a page map is about, without its runs: one frame is asked for. */
export const getPageMapFrame = (node: string, signal?: AbortSignal): Promise<PageMapAnswer> =>
  getJson(`${nodePath(node)}/pages?first=0&count=1`, signal);

export interface PictureRequest {
  readonly node: string;
  readonly first: number;
  readonly count: number;
  /** One pixel stands for 2^scale frames. */
  readonly scale: number;
  /** Pixels in a row. */
  readonly width: number;
}

/** The page map as a picture: pixel i stands for frames [first + i 2^scale, first + (i + 1) 2^scale). */
export async function getPicture(request: PictureRequest, signal?: AbortSignal): Promise<ImageBitmap> {
  const { node, first, count, scale, width } = request;
  const response = await fetch(`${nodePath(node)}/pages?first=${first}&count=${count}&scale=${scale}&width=${width}`, {
    headers: { accept: "image/png" },
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) return fail(response);
  return createImageBitmap(await response.blob());
}
