import { ControlAppender } from "@farmscope/control";
import type { Scope } from "@farmscope/store";
import type { Cluster } from "./cluster.ts";
import type { Incidents } from "./incidents.ts";
import { nodesOf } from "./read-cluster.ts";
import { nodesOfWorkload } from "./scenario.ts";

/** When all is well again, everything must have come to rest within so many milliseconds. */
const CATCH_UP_MS_MAX = 60_000;
/** After so many milliseconds a missing batch has been declared lost, at the latest. */
const GAP_MS = 14_000;
/** And after so many the windows of the trouble are closed, or most of them. */
const CLOSE_MS = 3_000;
const STOP_MS_MAX = 10_000;
const DAY_MS = 86_400_000;

/** Lets a cluster live: trouble, healing, rest, and an orderly end. What does not happen in time is a violation. */
export async function live(cluster: Cluster, incidents: Incidents): Promise<void> {
  const { scheduler, scenario, witness } = cluster;
  cluster.start();
  incidents.begin();
  await scheduler.runUntil(scenario.troubledMs);
  cluster.heal();
  const within = async (what: string, msMax: number, isDone: () => boolean): Promise<boolean> => {
    const done = await scheduler.runUntil(scheduler.nowMs + msMax, isDone);
    if (!done) witness.report(`not within ${msMax} ms after the trouble: ${what}`);
    return done;
  };
  const emitted = (): boolean => cluster.emitters.every((machine) => machine.isFinished);
  if (!(await within("every emitter ends", CATCH_UP_MS_MAX, emitted))) return;
  if (!(await within("every batch is folded", CATCH_UP_MS_MAX, () => isCaughtUp(cluster)))) return;
  const isWaiting = (await nodesOf(cluster)).some(({ node }) => (node.batches?.held ?? 0n) > 0n);
  await scheduler.runUntil(scheduler.nowMs + (isWaiting || incidents.tailLost ? GAP_MS : CLOSE_MS));
  if (!incidents.tailLost) {
    await askForMaps(cluster);
    const keys = (await nodesOf(cluster)).map(({ node }) => cluster.keys.pageMap(node.partition, node.node));
    await within("page maps are written", CATCH_UP_MS_MAX, () => keys.every((key) => witness.puts.has(key)));
  }
  for (const machine of cluster.machines) machine.retire();
  await within("every service stops", STOP_MS_MAX, () => cluster.machines.every((machine) => !machine.isUp));
}

function isCaughtUp({ streams, witness }: Cluster): boolean {
  return streams.every((_, partition) => {
    const scope: Scope = `p${partition}`;
    return (witness.positions.get(scope) ?? 0) >= (witness.lastPositions.get(`event/${partition}`) ?? 0);
  });
}

async function askForMaps({ log, scenario, serverClock, witness }: Cluster): Promise<void> {
  witness.forgetPuts();
  const untilMs = BigInt(serverClock.nowMs() + DAY_MS);
  const control = new ControlAppender({ log, clock: serverClock, by: "simulation" });
  for (const node of scenario.emitters.flatMap(({ workload }) => nodesOfWorkload(workload))) {
    await control.append({ case: "focus", value: { node, untilMs } });
  }
}
