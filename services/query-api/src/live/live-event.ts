import type { LiveEventName, LiveNodes } from "../schemas/index.ts";

/** What a client of the event stream wants to hear. */
export interface LiveFilter {
  /** Kinds; null for all. */
  readonly events: ReadonlySet<LiveEventName> | null;
  readonly farm: string | null;
  readonly node: string | null;
}

/** One event as it is kept for those who come back. */
export interface LiveEvent {
  readonly sequence: number;
  readonly name: LiveEventName;
  readonly data: object;
  /** Farm that it is about; null when that does not apply. */
  readonly farm: string | null;
  /** Its data as JSON, for clients that want all of it. */
  readonly json: string;
}

/** The event in the text of server-sent events, cut to what the client wants; null when nothing is left. */
export function renderEvent(event: LiveEvent, filter: LiveFilter, id: string): string | null {
  if (event.name !== "reset" && filter.events !== null && !filter.events.has(event.name)) return null;
  if (event.name === "node") return renderNodes(event, filter, id);
  if (filter.farm !== null && event.farm !== null && event.farm !== filter.farm) return null;
  return frame(event.name, id, event.json);
}

function renderNodes(event: LiveEvent, filter: LiveFilter, id: string): string | null {
  if (filter.farm === null && filter.node === null) return frame(event.name, id, event.json);
  const data = event.data as LiveNodes;
  const nodes = data.nodes.filter(
    (line) =>
      (filter.farm === null || line.farm === filter.farm) && (filter.node === null || line.node === filter.node),
  );
  return nodes.length === 0 ? null : frame(event.name, id, JSON.stringify({ ...data, nodes }));
}

/** Source: WHATWG HTML, 9.2.6 "Interpreting an event stream". JSON has no line feeds outside of strings, nor within. */
function frame(name: string, id: string, json: string): string {
  return `event: ${name}\nid: ${id}\ndata: ${json}\n\n`;
}
