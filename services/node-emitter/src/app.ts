import { ControlFollower } from "@farmscope/control";
import { controlFaults, MembershipBook, type ReadPlace } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import { type ControlRecord, ObservationReason } from "@farmscope/proto";
import { type Clock, type Logger, retrying, type Service, type StageBalance } from "@farmscope/runtime";
import { EMITTER_LIMITS, type EmitterLimits } from "./config.ts";
import { HostClaim } from "./host-claim.ts";
import { HostLock } from "./host-lock.ts";
import { Pipeline } from "./pipeline.ts";
import { resumePoints, startedAfter } from "./resume.ts";
import type { EventSource, SourceNode } from "./source/port.ts";
import { openSpool } from "./spool/open-spool.ts";
import type { Membership } from "./stages/batch-record.ts";
import type { EncodedBatch } from "./stages/spool.ts";

export interface EmitterOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly source: EventSource;
  /** Farm of every node that the registry names none for. */
  readonly farm: string;
  readonly partitions: number;
  /** Where the lock against a second emitter lies; null: nothing is kept on disk, as in a simulation. */
  readonly dataDir: string | null;
  readonly limits?: Partial<EmitterLimits>;
  /** Emitters of different scopes do not keep one another away from this host's kernel; for tests. Default "". */
  readonly hostScope?: string;
  /** Redis servers whose memory is sampled, comma separated URLs. Default: none. */
  readonly redisWatch?: string;
  /** Told of every closed batch, ahead of its publishing. */
  readonly onBatch?: (batch: EncodedBatch) => void;
}

/** How the emitter is doing. */
export interface EmitterStatus {
  readonly source: EventSource["kind"];
  /** What it waits for; null when it is at work. */
  readonly waitingFor: "source" | "log" | null;
  readonly nodes: readonly string[];
  readonly stages: readonly StageBalance[];
}

/** Speaks for one host, or for all hosts of a simulation, until it is stopped or its source ends. */
export class Emitter implements Service {
  readonly #options: EmitterOptions;
  readonly #limits: EmitterLimits;
  readonly #memberships = new MembershipBook();
  #nodes: readonly SourceNode[] = [];
  #pipeline: Pipeline | undefined;
  #waitingFor: EmitterStatus["waitingFor"] = "source";

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#limits = { ...EMITTER_LIMITS, ...options.limits };
  }

  get status(): EmitterStatus {
    const logAway = this.#pipeline?.publisher.logAway === true;
    return {
      source: this.#options.source.kind,
      waitingFor: logAway ? "log" : this.#waitingFor,
      nodes: this.#nodes.map((node) => node.id),
      stages: this.#pipeline?.balances ?? [],
    };
  }

  /**
   * Runs until the signal fires, then closes the last batches and waits for the log; or until a finite source ends.
   * @throws {OperatingError} ALREADY_RUNNING; what the source's `open` throws; what the log does not get over.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { source, dataDir, clock, hostScope = "" } = this.#options;
    this.#nodes = await source.open();
    const node = this.#nodes[0].id;
    let lock: HostLock | undefined;
    let claim: HostClaim | undefined;
    try {
      if (dataDir !== null) lock = await HostLock.acquire(dataDir, node);
      // Simulated and recorded nodes are nobody's host: any number of installations may play them at once.
      if (source.kind === "bpf") claim = await HostClaim.acquire(node, clock, hostScope);
      await this.#emit(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await source.close();
      await claim?.release();
      await lock?.release();
    }
  }

  async #emit(signal: AbortSignal): Promise<void> {
    const control = this.#control();
    const resumeAt = await this.#meetLog(control, signal);
    const spool = await openSpool({ ...this.#options, limits: this.#limits, node: this.#nodes[0].id });
    const { onBatch, logger } = this.#options;
    const membershipOf = (node: string): Membership => this.#membershipOf(node);
    const pipeline = new Pipeline({
      ...this.#options,
      limits: this.#limits,
      nodes: this.#nodes,
      spool,
      resumeAt,
      membershipOf,
      redisWatch: this.#options.redisWatch ?? "",
      onBatch,
    });
    this.#pipeline = pipeline;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const following = control.follow(either).finally(() => ended.abort());
    // Its failure ends the pipeline at once and is thrown below, when everything accepted has been published.
    following.catch(() => undefined);
    let held = 0;
    try {
      held = await pipeline.run(either);
    } finally {
      ended.abort();
      const kept = await spool.close();
      if (kept > 0) logger.warn({ batches: kept }, "the log was away until the end: the spool keeps batches");
      if (held > kept) logger.error({ batches: held - kept }, "the log was away until the end: batches are lost");
      await following;
    }
  }

  /** Waits for the log, learns the farms of the nodes, and where a killed source was. */
  async #meetLog(control: ControlFollower, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const { log, clock, logger, partitions, source } = this.#options;
    this.#waitingFor = "log";
    await retrying(clock, () => log.ensureStreams(signal), {
      signal,
      onFailure: (error) => logger.warn({ code: error.code }, `waiting for the log: ${error.message}`),
    });
    await control.catchUp(signal);
    const { windowBatchesMax } = this.#limits;
    const points = await resumePoints(this.#nodes, { log, partitions, clock, signal, windowBatchesMax });
    this.#nodes = this.#nodes.map((node) => startedAfter(node, points.get(node.id)));
    this.#waitingFor = null;
    // What the kernel did not tell in time is gone; the others can go on where they were.
    if (source.kind === "bpf") return new Map();
    const positions = [...points].map(([node, { sourcePosition }]) => [node, sourcePosition] as const);
    return new Map(positions.filter(([, position]) => position > 0));
  }

  #control(): ControlFollower {
    const { log, clock, logger } = this.#options;
    const onRecord = (record: ControlRecord, place: ReadPlace): void => this.#onControl(record, place);
    return new ControlFollower({ log, clock, logger, onRecord });
  }

  #onControl(record: ControlRecord, place: ReadPlace): void {
    const { body, id, by } = record;
    if (body.case === "membership" && controlFaults(record).length === 0) {
      const outcome = this.#memberships.apply(body.value, { ...place, id, by });
      if (outcome === "applied") this.#pipeline?.move(body.value.node, this.#membershipOf(body.value.node));
    }
    // What was asked for before this start is read before there is a pipeline; times would mislead where a clock is wrong.
    if (body.case === "observe") this.#pipeline?.observe(body.value.node, ObservationReason.REQUESTED);
  }

  #membershipOf(node: string): Membership {
    const { farm, version } = this.#memberships.of(node) ?? { farm: this.#options.farm, version: 0 };
    return { farm, version };
  }
}

export function createEmitter(options: EmitterOptions): Emitter {
  return new Emitter(options);
}
