import { useEffect, useRef, useState } from "preact/hooks";
import { nodePath } from "../api.ts";
import { headersFor, queryOf } from "../http.ts";
import type { PageMapHead, RunColumns } from "./columns.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { ClassEntry, Mode } from "./modes.ts";
import type { PictureSpan } from "./paint.ts";

export interface LoadedMap {
  readonly id: number;
  readonly head: PageMapHead;
  readonly runs: RunColumns;
}

export interface PaintedMap {
  readonly span: PictureSpan;
  readonly entries: readonly ClassEntry[];
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** From asking for the picture to having its pixels. */
  readonly paintMs: number;
}

export interface PageMapState {
  readonly map: LoadedMap | null;
  readonly painted: PaintedMap | null;
  readonly error: string | null;
  readonly isLoading: boolean;
}

export interface PageMapRequest {
  readonly node: string;
  readonly first: number;
  readonly count: number;
  readonly atMs: number | null;
  readonly mode: Mode;
  readonly scale: number;
}

const REFRESH_MS = 2_000;
/** Longest wait between two tries after a failure. */
const RETRY_MS = 3_000;

/** A node's page map over a span of frames, painted at a scale; live when no moment is given. */
export function usePageMap(request: PageMapRequest): PageMapState {
  const [state, setState] = useState<PageMapState>({ map: null, painted: null, error: null, isLoading: true });
  const worker = useRef<Worker | null>(null);
  const ids = useRef(0);
  const askedAtMs = useRef(0);
  const { node, first, count, atMs, mode, scale } = request;
  useEffect(() => {
    const made = new Worker(new URL("./page-map.worker.ts", import.meta.url), { type: "module" });
    worker.current = made;
    return () => {
      made.terminate();
      worker.current = null;
    };
  }, []);
  useEffect(() => {
    let timer = 0;
    let isGone = false;
    const load = (): void => {
      if (document.hidden && atMs === null) {
        timer = window.setTimeout(load, REFRESH_MS);
        return;
      }
      const address = `${location.origin}${nodePath(node)}/pages${queryOf({ first: String(first), count, at: atMs })}`;
      tell(worker.current, { kind: "load", id: ++ids.current, address, headers: headersFor("application/json") });
    };
    const hear = ({ data }: MessageEvent<FromWorker>): void => {
      if (isGone || data.kind === "painted" || data.id !== ids.current) return;
      if (data.kind === "loaded") {
        setState((old) => ({ ...old, map: data, error: null, isLoading: false }));
        if (atMs === null) timer = window.setTimeout(load, REFRESH_MS);
      } else {
        setState((old) => ({ ...old, error: data.message, isLoading: false }));
        if (data.status === 0 || data.status >= 429 || atMs === null) timer = window.setTimeout(load, RETRY_MS);
      }
    };
    const listening = worker.current;
    listening?.addEventListener("message", hear);
    setState((old) => ({ ...old, isLoading: true }));
    load();
    return () => {
      isGone = true;
      window.clearTimeout(timer);
      listening?.removeEventListener("message", hear);
    };
  }, [node, first, count, atMs]);
  useEffect(() => {
    const listening = worker.current;
    const hear = ({ data }: MessageEvent<FromWorker>): void => {
      if (data.kind !== "painted") return;
      const { span, entries, pixels } = data;
      setState((old) => ({
        ...old,
        painted: { span, entries, pixels, paintMs: performance.now() - askedAtMs.current },
      }));
    };
    listening?.addEventListener("message", hear);
    return () => listening?.removeEventListener("message", hear);
  }, []);
  const { map } = state;
  useEffect(() => {
    if (map === null) return;
    askedAtMs.current = performance.now();
    tell(worker.current, { kind: "paint", id: map.id, mode, span: { first, count, scale } });
  }, [map, mode, scale, first, count]);
  return state;
}

function tell(worker: Worker | null, message: ToWorker): void {
  worker?.postMessage(message);
}
