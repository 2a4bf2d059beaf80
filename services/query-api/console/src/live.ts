import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveEventName, LiveNodes } from "../../src/schemas/index.ts";

export type ConnectionState = "connecting" | "live" | "lost";

export interface LiveEvent {
  readonly name: LiveEventName;
  readonly data: unknown;
}

/** One stream of server-sent events for the whole page; the browser reconnects and resumes by Last-Event-ID. */
export function useLive(onEvent: (event: LiveEvent) => void): ConnectionState {
  const [state, setState] = useState<ConnectionState>("connecting");
  const listener = useRef(onEvent);
  listener.current = onEvent;
  useEffect(() => {
    const source = new EventSource("/api/v1/live");
    source.onopen = () => setState("live");
    source.onerror = () => setState("lost");
    for (const name of ["node", "farm", "window", "alert", "reset"] as const) {
      source.addEventListener(name, (event) => listener.current({ name, data: JSON.parse(event.data as string) }));
    }
    return () => source.close();
  }, []);
  return state;
}

/** Lines of nodes in a live event, or none. */
export function nodesOf(event: LiveEvent): LiveNodes["nodes"] {
  return event.name === "node" ? (event.data as LiveNodes).nodes : [];
}
