import { WIDE_WIDTHS_MS } from "@farmscope/domain";
import type { Canary } from "./canaries.ts";
import { checkBalance, checkNodes } from "./checks/nodes.ts";
import { checkViews } from "./checks/views.ts";
import { Cluster } from "./cluster.ts";
import { type FaultPlan, faultPlanOf, NO_FAULTS } from "./fault-plan.ts";
import { Incidents } from "./incidents.ts";
import { live } from "./phases.ts";
import { hashOf, nodesOf, recordsOf } from "./read-cluster.ts";
import { type EmitterScenario, type Scenario, scenarioOf } from "./scenario.ts";

/** How a run went. */
export interface Outcome {
  readonly seed: number;
  /** What should not have happened, in sentences; none in a good run. */
  readonly violations: readonly string[];
  readonly faults: FaultPlan["kinds"];
  readonly incidents: readonly string[];
  readonly nodes: number;
  readonly records: number;
  readonly steps: number;
  /** Equal for equal runs, to the last step. */
  readonly fingerprint: number;
  readonly virtualMs: number;
}

/**
 * Runs the cluster of a seed under the faults of the seed, and holds it against what it has to be.
 * @param canary a planted bug, which is to be found.
 */
export async function simulate(seed: number, canary: Canary | null = null): Promise<Outcome> {
  const scenario = scenarioOf(seed);
  const expectedHashes = await undisturbedHashes(scenario);
  const plan = faultPlanOf(seed);
  const remove = canary?.plant?.() ?? (() => {});
  const cluster = new Cluster(scenario, plan, canary);
  const incidents = new Incidents(cluster, plan);
  try {
    await live(cluster, incidents);
  } finally {
    remove();
  }
  await check(cluster, expectedHashes, incidents.tailLost);
  const { scheduler, witness } = cluster;
  return {
    seed,
    violations: witness.violations,
    faults: plan.kinds,
    incidents: incidents.journal,
    nodes: expectedHashes.size,
    records: [...witness.lastPositions.values()].reduce((sum, last) => sum + last, 0),
    steps: scheduler.steps,
    fingerprint: scheduler.fingerprint,
    virtualMs: scheduler.nowMs,
  };
}

/** What the nodes of a workload come to where nothing goes wrong, by workload and node. */
const undisturbed = new Map<string, ReadonlyMap<string, string>>();

/** The canonical hash of each node where nothing goes wrong. It does not depend on pace, so they need not be slow. */
async function undisturbedHashes(scenario: Scenario): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  for (const emitter of scenario.emitters) {
    const { name } = emitter.workload;
    const known = undisturbed.get(name) ?? (await runUndisturbed({ ...emitter, rate: 0 }));
    undisturbed.set(name, known);
    for (const [node, hash] of known) hashes.set(node, hash);
  }
  return hashes;
}

async function runUndisturbed(emitter: EmitterScenario): Promise<ReadonlyMap<string, string>> {
  const scenario = { seed: 0, partitions: 2, aggregators: 1, emitters: [emitter], troubledMs: 0, startMs: 0 };
  const cluster = new Cluster(scenario, NO_FAULTS, null);
  await live(cluster, new Incidents(cluster, NO_FAULTS));
  const [violation] = cluster.witness.violations;
  if (violation !== undefined) throw new Error(`an undisturbed run went wrong: ${violation}`);
  const hashes = (await nodesOf(cluster)).map((stored) => [stored.node.node, hashOf(stored) ?? ""] as const);
  return new Map(hashes);
}

async function check(cluster: Cluster, hashes: ReadonlyMap<string, string>, tailLost: boolean): Promise<void> {
  if (cluster.witness.violations.length > 0) return;
  const nodes = await nodesOf(cluster);
  const partitions = await Promise.all(cluster.streams.map((stream) => recordsOf(cluster.log, stream)));
  if (tailLost) {
    // Of a node that the log has lost altogether nothing can be said.
    const known = new Set(partitions.flat().map(({ key }) => key));
    for (const { node } of nodes) if (known.has(node.node)) checkBalance(cluster, node, true);
    return;
  }
  checkNodes(cluster, nodes, partitions, hashes);
  const views = await recordsOf(cluster.log, { kind: "view" });
  const wide = await Promise.all(WIDE_WIDTHS_MS.map((widthMs) => recordsOf(cluster.log, { kind: "view", widthMs })));
  await checkViews(cluster, views, wide.flat(), partitions);
}
