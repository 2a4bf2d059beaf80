import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { NodesAnswer } from "../../src/schemas/index.ts";
import { getNodes } from "./api.ts";
import { type ConnectionState, type LiveEvent, nodesOf, useLive } from "./live.ts";
import { describeError } from "./use-poll.ts";

/** A node's line in the fleet, kept fresh by the live stream. */
export type NodeLine = NodesAnswer["nodes"][number];

/** The fleet by node id. */
export type Nodes = ReadonlyMap<string, NodeLine>;

export interface LiveFleet {
  /** Null until the first answer. */
  readonly nodes: Nodes | null;
  readonly error: string | null;
  readonly connection: ConnectionState;
  /** Grows with every alert event, for those who show alerts. */
  readonly alertsHeard: number;
}

/** Events of many partitions arrive together; they are merged and drawn at most once in so many milliseconds. */
const MERGE_MS = 250;

/** The fleet: read whole once, then kept by the live stream; read whole again when the stream lost its place. */
export function useLiveFleet(): LiveFleet {
  const [nodes, setNodes] = useState<Nodes | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [alertsHeard, setAlertsHeard] = useState(0);
  const waiting = useRef(new Map<string, NodeLine>());
  const timer = useRef(0);
  const merge = useCallback(() => {
    timer.current = 0;
    const lines = waiting.current;
    waiting.current = new Map();
    setNodes((old) => new Map([...(old ?? []), ...lines]));
  }, []);
  const readAll = useCallback(() => {
    getNodes()
      .then((answer) => {
        setNodes(new Map(answer.nodes.map((line) => [line.node, line])));
        setError(null);
      })
      .catch((failure: unknown) => setError(describeError(failure)));
  }, []);
  useEffect(readAll, [readAll]);
  const connection = useLive((event: LiveEvent) => {
    if (event.name === "reset") readAll();
    if (event.name === "alert") setAlertsHeard((heard) => heard + 1);
    const lines = nodesOf(event);
    if (lines.length === 0) return;
    for (const line of lines) waiting.current.set(line.node, line);
    timer.current ||= window.setTimeout(merge, MERGE_MS);
  });
  // What failed at the start is tried again once the stream is there.
  useEffect(() => {
    if (connection === "live" && error !== null) readAll();
  }, [connection]);
  return { nodes, error, connection, alertsHeard };
}
