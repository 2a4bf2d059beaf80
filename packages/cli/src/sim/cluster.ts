import { createAggregator } from "@farmscope/aggregator";
import { type Coordination, openCoordination } from "@farmscope/coordination";
import { Random } from "@farmscope/domain";
import { MemoryLog, type StreamName } from "@farmscope/log";
import { createEmitter, type EventSource, SyntheticSource } from "@farmscope/node-emitter";
import { createLogger, type Logger } from "@farmscope/runtime";
import { Keys, MemoryStore, type ViewStore } from "@farmscope/store";
import {
  CALM,
  Scheduler,
  SimulatedClock,
  SimulatedCoordination,
  SimulatedLog,
  type SimulatedProcess,
  SimulatedStore,
} from "@farmscope/testkit/simulation";
import type { Canary } from "./canaries.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { Machine, type Program } from "./machine.ts";
import type { EmitterScenario, Scenario } from "./scenario.ts";
import { Witness } from "./witness.ts";

/** Merges are checkpointed this often, in milliseconds, so that a run of seconds has some. */
const MERGE_CHECKPOINT_MS = 2_000;

export const NAMESPACE = "sim";
const LEASE_MS = 2_000;
/** The least that a simulated node has: 16 MiB. */
const NODE_BYTES = 16 * 2 ** 20;
const POLL_MS = 100;
/** Small batches, so that few events make many of them. */
const EMITTER_LIMITS = { batchEventsMax: 32 };

/** The real services on simulated machines, servers and time. */
export class Cluster {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly witness = new Witness();
  readonly keys = new Keys(NAMESPACE);
  readonly log: MemoryLog;
  readonly store: MemoryStore;
  readonly emitters: readonly Machine[];
  readonly aggregators: readonly Machine[];
  readonly serverClock: SimulatedClock;
  readonly #plan: FaultPlan;
  readonly #canary: Canary | null;
  readonly #coordination: Coordination;
  readonly #logger: Logger = createLogger("sim", "silent");
  #isHealed = false;

  constructor(scenario: Scenario, plan: FaultPlan, canary: Canary | null) {
    this.scenario = scenario;
    this.#plan = plan;
    this.#canary = canary;
    this.random = new Random(scenario.seed).fork("cluster");
    this.scheduler = new Scheduler(this.random.fork("scheduler"));
    const timer = (ms: number, wake: () => void) => this.scheduler.after(ms, wake);
    this.serverClock = new SimulatedClock(this.scheduler, timer, this.random);
    this.serverClock.setOffset(scenario.startMs);
    const { serverClock: clock } = this;
    this.log = new MemoryLog({ clock, partitions: scenario.partitions });
    this.store = new MemoryStore(clock);
    const settings = { namespace: NAMESPACE, replicas: 1, url: "", ttlMs: LEASE_MS, clock };
    this.#coordination = openCoordination({ kind: "memory", ...settings });
    this.emitters = scenario.emitters.map((emitter) =>
      this.#machine(emitter.workload.name, (process) => this.#emitter(emitter, process)),
    );
    this.aggregators = Array.from({ length: scenario.aggregators }, (_, index) =>
      this.#machine(`aggregator${index}`, (process) => this.#aggregator(process)),
    );
  }

  get machines(): readonly Machine[] {
    return [...this.emitters, ...this.aggregators];
  }

  get streams(): readonly StreamName[] {
    const numbers = Array.from({ length: this.scenario.partitions }, (_, partition) => partition);
    return numbers.map((partition): StreamName => ({ kind: "event", partition }));
  }

  /** Starts every machine within the first second. */
  start(): void {
    for (const machine of this.machines) {
      machine.setClock(this.scenario.startMs);
      this.scheduler.at(this.random.nextInt(1_000), () => machine.start());
    }
  }

  /** Ends all trouble: what is down starts, what is paused goes on, what is cut off is connected. */
  heal(): void {
    this.#isHealed = true;
    for (const machine of this.machines) {
      for (const channel of machine.channels) channel.cutUntilMs = 0;
      machine.wake();
      this.scheduler.after(0, () => machine.start());
    }
  }

  #machine(name: string, launch: (process: SimulatedProcess) => Program): Machine {
    return new Machine(name, this.scheduler, this.random, launch, (fault) => this.witness.report(fault));
  }

  readonly #trouble = () => (this.#isHealed ? CALM : this.#plan.trouble);

  #logFor(process: SimulatedProcess): SimulatedLog {
    return new SimulatedLog({
      process,
      broker: this.log,
      trouble: this.#trouble,
      deduplicates: this.#plan.deduplicates,
      onAppend: (appended) => this.witness.sawAppend(appended),
    });
  }

  #emitter(scenario: EmitterScenario, process: SimulatedProcess): Program {
    const { workload, rate, farm } = scenario;
    const { seed, nodes, eventsPerNode, name } = workload;
    const log = this.#logFor(process);
    const { clock } = process;
    const options = { clock, seed, nodes, eventsPerNode, rate, memoryBytes: NODE_BYTES, prefix: `${name}-` };
    const source = pollSeldom(new SyntheticSource(options));
    const { partitions } = this.scenario;
    const shared = {
      log,
      clock,
      logger: this.#logger,
      source,
      farm,
      partitions,
      dataDir: null,
      limits: EMITTER_LIMITS,
    };
    return { service: createEmitter(shared), channels: [log.channel] };
  }

  #aggregator(process: SimulatedProcess): Program {
    const log = this.#logFor(process);
    const served: ViewStore = this.#canary?.serve?.(this.store, process) ?? this.store;
    const server = this.witness.storeFor(process.name, served);
    const store = new SimulatedStore({ process, server, trouble: this.#trouble });
    const coordination = new SimulatedCoordination({ process, server: this.#coordination, trouble: this.#trouble });
    const { partitions } = this.scenario;
    const replica = { partitions, namespace: NAMESPACE, replicaId: process.name };
    const service = createAggregator({
      limits: { mergeCheckpointIntervalMs: MERGE_CHECKPOINT_MS },
      log,
      store,
      coordination,
      clock: process.clock,
      logger: this.#logger,
      ...replica,
    });
    return { service, channels: [log.channel, store.channel, coordination.channel] };
  }
}

/** The same source, asked less often: most of a run's time would go into polls that find nothing. */
function pollSeldom(source: EventSource): EventSource {
  return {
    kind: source.kind,
    pollIntervalMs: POLL_MS,
    sampling: source.sampling,
    open: () => source.open(),
    start: (sinks, resumeAt) => source.start(sinks, resumeAt),
    poll: (nowMs) => source.poll(nowMs),
    observe: (node, reason) => source.observe(node, reason),
    get finished() {
      return source.finished;
    },
    close: () => source.close(),
  };
}
