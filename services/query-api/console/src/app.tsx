import { useCallback, useEffect, useState } from "preact/hooks";
import { getNodes } from "./api.ts";
import { type LiveEvent, nodesOf, useLive } from "./live.ts";
import type { NodeLine, Nodes } from "./nodes.ts";
import { useRoute } from "./route.ts";
import { FleetView } from "./views/fleet.tsx";
import { NodeView } from "./views/node.tsx";

const CONNECTION = {
  connecting: "connecting…",
  live: "live",
  lost: "connection lost, trying again",
} as const;

export function App() {
  const route = useRoute();
  const [nodes, setNodes] = useState<Nodes | null>(null);
  const [error, setError] = useState<string | null>(null);
  const merge = useCallback((lines: readonly NodeLine[]) => {
    setNodes((old) => {
      const next = new Map(old ?? []);
      for (const line of lines) next.set(line.node, line);
      return next;
    });
  }, []);
  const readAll = useCallback(() => {
    getNodes()
      .then((answer) => {
        merge(answer.nodes);
        setError(null);
      })
      .catch((failure: unknown) => setError(String(failure)));
  }, [merge]);
  useEffect(readAll, [readAll]);
  const connection = useLive((event: LiveEvent) => {
    if (event.name === "reset") readAll();
    const lines = nodesOf(event);
    if (lines.length > 0) merge(lines);
  });
  return (
    <>
      <header class="bar">
        <a class="brand" href="#/">
          Farmscope
        </a>
        {route.view === "node" && (
          <nav aria-label="Breadcrumb">
            <a href="#/">fleet</a> / <span>{nodes?.get(route.node)?.label ?? route.node}</span>
          </nav>
        )}
        <span class={`connection ${connection}`} role="status">
          {CONNECTION[connection]}
        </span>
      </header>
      <main>
        {error !== null && (
          <p class="notice error" role="alert">
            The API does not answer: {error}
          </p>
        )}
        {route.view === "fleet" ? (
          <FleetView nodes={nodes} />
        ) : (
          <NodeView key={route.node} node={route.node} line={nodes?.get(route.node) ?? null} />
        )}
      </main>
    </>
  );
}
