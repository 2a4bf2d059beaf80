import type { NodesAnswer } from "../../src/schemas/index.ts";

/** A node's line in the fleet, kept fresh by the live stream. */
export type NodeLine = NodesAnswer["nodes"][number];

/** The fleet by node id. */
export type Nodes = ReadonlyMap<string, NodeLine>;
