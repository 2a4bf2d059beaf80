import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveEventName, LiveNodes } from "../../src/schemas/index.ts";
import { headersFor, TOKEN_WANTED } from "./http.ts";

export type ConnectionState = "connecting" | "live" | "lost";

export interface LiveEvent {
  readonly name: LiveEventName;
  readonly data: unknown;
}

const RETRY_MS = 2_000;

/**
 * One stream of server-sent events for the whole page. It is read by fetch, since EventSource cannot send a bearer
 * token; a new connection resumes by Last-Event-ID.
 */
export function useLive(onEvent: (event: LiveEvent) => void): ConnectionState {
  const [state, setState] = useState<ConnectionState>("connecting");
  const listener = useRef(onEvent);
  listener.current = onEvent;
  useEffect(() => {
    const controller = new AbortController();
    void follow(controller.signal, setState, (event) => listener.current(event));
    return () => controller.abort();
  }, []);
  return state;
}

async function follow(
  signal: AbortSignal,
  onState: (state: ConnectionState) => void,
  onEvent: (event: LiveEvent) => void,
): Promise<void> {
  const place = { lastEventId: "" };
  while (!signal.aborted) {
    try {
      await readStream(signal, place, () => onState("live"), onEvent);
    } catch {
      // Whatever it was: the connection is gone, and the next try says whether it comes back.
    }
    if (signal.aborted) return;
    onState("lost");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function readStream(
  signal: AbortSignal,
  place: { lastEventId: string },
  onOpen: () => void,
  onEvent: (event: LiveEvent) => void,
): Promise<void> {
  const resume: Record<string, string> = place.lastEventId === "" ? {} : { "last-event-id": place.lastEventId };
  const response = await fetch("/api/v1/live", { headers: { ...headersFor("text/event-stream"), ...resume }, signal });
  if (response.status === 401) dispatchEvent(new Event(TOKEN_WANTED));
  if (!response.ok || response.body === null) throw new Error(`the event stream answered ${response.status}`);
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (text + value).split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) takeFrame(frame, place, onEvent);
  }
}

/** Source: WHATWG HTML, 9.2.6 "Interpreting an event stream"; the API sends each field once and data on one line. */
function takeFrame(frame: string, place: { lastEventId: string }, onEvent: (event: LiveEvent) => void): void {
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, "m").exec(frame)?.[1];
  const data = field("data");
  const name = field("event");
  place.lastEventId = field("id") ?? place.lastEventId;
  if (data !== undefined && name !== undefined) onEvent({ name: name as LiveEventName, data: JSON.parse(data) });
}

/** Lines of nodes in a live event, or none. */
export function nodesOf(event: LiveEvent): LiveNodes["nodes"] {
  return event.name === "node" ? (event.data as LiveNodes).nodes : [];
}
