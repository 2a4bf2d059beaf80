import { Random } from "@farmscope/domain";

/** What a seed's cluster is and does, faults aside. */
export interface Scenario {
  readonly seed: number;
  readonly partitions: number;
  readonly aggregators: number;
  readonly emitters: readonly EmitterScenario[];
  /** The part of a run in which faults happen, in milliseconds. */
  readonly troubledMs: number;
  /** Start of the run within a window of 10 min, in milliseconds. */
  readonly startMs: number;
}

export interface EmitterScenario {
  readonly workload: Workload;
  readonly farm: string;
  /** Raw events of each node a second; 0: as fast as they are taken. */
  readonly rate: number;
}

/** What the nodes of an emitter do, at whatever pace: one of a few, so that what comes of it is known from earlier runs. */
export interface Workload {
  readonly name: string;
  readonly seed: number;
  readonly nodes: number;
  /** Raw events of each node. */
  readonly eventsPerNode: number;
}

const PARTITIONS = 2;
const FARMS = ["default", "edge"];
const MS_PER_WINDOW = 600_000;
/** Half of the runs begin this long before such a window ends, at most: then windows of every width close in them. */
const MS_BEFORE_END = 15_000;
const WORKLOADS = 48;

/** A small cluster: two to six nodes on two or three emitters, two or three aggregators, 8 to 20 s of trouble. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed).fork("scenario");
  const troubledMs = 8_000 + random.nextInt(12_000);
  const first = random.nextInt(WORKLOADS);
  const emitters = Array.from({ length: 2 + random.nextInt(2) }, (_, index): EmitterScenario => {
    const workload = workloadOf((first + index) % WORKLOADS);
    const emittedMs = troubledMs * (0.5 + random.nextFloat() / 2);
    const rate = Math.ceil((workload.eventsPerNode * 1000) / emittedMs);
    return { workload, farm: FARMS[random.nextInt(FARMS.length)], rate };
  });
  return {
    seed,
    partitions: PARTITIONS,
    aggregators: 2 + Number(random.nextInt(4) === 0),
    emitters,
    troubledMs,
    startMs: random.nextInt(2) === 0 ? random.nextInt(MS_PER_WINDOW) : MS_PER_WINDOW - random.nextInt(MS_BEFORE_END),
  };
}

function workloadOf(index: number): Workload {
  const random = new Random(index).fork("workload");
  return {
    name: `load${index}`,
    seed: random.nextUint32(),
    nodes: 1 + random.nextInt(2),
    eventsPerNode: 200 + random.nextInt(300),
  };
}

/** Ids of the nodes that a workload has. */
export function nodesOfWorkload({ name, nodes }: Workload): string[] {
  return Array.from({ length: nodes }, (_, index) => `${name}-${index}`);
}
