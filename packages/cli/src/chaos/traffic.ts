import type { SupervisedProcess } from "@farmscope/runtime";
import type { Installation, ServiceOptions } from "./installation.ts";

/** Seeded traffic of a fleet, shared by several emitters. */
export interface Traffic {
  readonly seed: number;
  readonly nodes: number;
  readonly emitters: number;
  /** Page events of each node, then it ends. */
  readonly eventsPerNode: number;
  /** Page events a second and node; 0: as fast as the log takes them. */
  readonly rate: number;
  readonly nodeMib: number;
}

/** Starts the emitters, each with its share of the nodes. */
export async function startTraffic(installation: Installation, traffic: Traffic): Promise<SupervisedProcess[]> {
  const { seed, nodes, emitters, eventsPerNode, rate, nodeMib } = traffic;
  const started: SupervisedProcess[] = [];
  for (let index = 0; index < emitters; index++) {
    const first = Math.floor((index * nodes) / emitters);
    const end = Math.floor(((index + 1) * nodes) / emitters);
    const flags = {
      source: "synthetic",
      seed,
      nodes: end - first,
      "first-node": first,
      events: eventsPerNode,
      rate,
      "node-mib": nodeMib,
    };
    const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
    started.push(await installation.startService(`emitter-${index}`, "emitter", ["emit", ...words]));
  }
  return started;
}

/** Starts aggregators, each a replica of its own. */
export async function startAggregators(
  installation: Installation,
  count: number,
  options: ServiceOptions = {},
): Promise<SupervisedProcess[]> {
  const started: SupervisedProcess[] = [];
  for (let index = 0; index < count; index++) {
    const replicaId = `aggregator-${index}`;
    const settings = { ...options.settings, replicaId };
    const own = { ...options, settings };
    started.push(await installation.startService(replicaId, "aggregator", ["aggregate"], own));
  }
  return started;
}
