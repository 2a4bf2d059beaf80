/**
 * The node-emitter on one page: source -> decode -> batch -> append.
 *
 * The poller moves events out of the source, which decodes them into columns, into a batcher for each node; closed
 * batches go through the spool to the publisher, which appends them to the log.
 */
import type { EventLog } from "@farmscope/log";
import { ObservationReason } from "@farmscope/proto";
import type { Clock, Logger, StageBalance } from "@farmscope/runtime";
import type { EmitterLimits } from "./config.ts";
import { ObservationRequests } from "./observation-requests.ts";
import { RedisSampler } from "./redis/redis-sampler.ts";
import type { EventSource, SourceNode } from "./source/port.ts";
import type { Membership } from "./stages/batch-record.ts";
import { Batcher, type BatchOutlet } from "./stages/batcher.ts";
import { Poller } from "./stages/poller.ts";
import { Publisher } from "./stages/publisher.ts";
import type { EncodedBatch, Spool } from "./stages/spool.ts";

export interface PipelineOptions {
  readonly source: EventSource;
  readonly nodes: readonly SourceNode[];
  readonly log: EventLog;
  readonly partitions: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: EmitterLimits;
  /** Closed by the owner, after the pipeline. */
  readonly spool: Spool;
  /** Where a source that can resume goes on, by node id. */
  readonly resumeAt: ReadonlyMap<string, number>;
  readonly membershipOf: (node: string) => Membership;
  /** Redis servers to watch, comma separated; empty: none. */
  readonly redisWatch: string;
  readonly onBatch: ((batch: EncodedBatch) => void) | undefined;
}

export class Pipeline {
  readonly publisher: Publisher;
  readonly #batchers: ReadonlyMap<string, Batcher>;
  readonly #observations: ObservationRequests;
  readonly #poller: Poller;
  readonly #redis: RedisSampler | null;
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    const { source, nodes, log, partitions, clock, logger, limits, spool } = options;
    const { windowBatchesMax, windowBytesMax } = limits;
    const { messageBytesMax } = log;
    this.#options = options;
    this.publisher = new Publisher({ log, partitions, clock, logger, spool, windowBatchesMax, windowBytesMax });
    this.#observations = new ObservationRequests(limits.observeIntervalMsMin, (node, reason) =>
      source.observe(node, reason),
    );
    this.#batchers = new Map(nodes.map((node) => [node.id, this.#batcher(node)]));
    const batchers = [...this.#batchers.values()];
    this.#redis = this.#sampler(nodes[0]!);
    const { publisher } = this;
    this.#poller = new Poller({
      source,
      batchers,
      publisher,
      observations: this.#observations,
      clock,
      messageBytesMax,
    });
  }

  /** Runs until the source is finished or the signal fires, then closes every batch and drains. @returns batches that the log did not take. */
  async run(signal: AbortSignal): Promise<number> {
    const { source, limits, resumeAt } = this.#options;
    await source.start(this.#batchers, resumeAt);
    this.publisher.start();
    let held = 0;
    let hasEnded = false;
    const sampling = new AbortController();
    const sampled = this.#redis?.run(AbortSignal.any([signal, sampling.signal]));
    try {
      for (const node of resumeAt.keys()) this.#batchers.get(node)?.begin();
      await this.#poller.run(signal);
      hasEnded = !signal.aborted;
    } finally {
      sampling.abort();
      await sampled;
      // A source that failed gave events before, and they were accepted.
      await source.close();
      for (const batcher of this.#batchers.values()) batcher.finish();
      // A source that has ended by itself leaves time for the log to come back; whoever stops us does not.
      if (hasEnded) await this.publisher.settle(signal);
      held = await this.publisher.drain(limits.drainMsMax);
    }
    if (this.publisher.failure !== undefined) throw this.publisher.failure;
    return held;
  }

  /** Applies a change of farm; nothing when the node is not ours. */
  move(node: string, membership: Membership): void {
    this.#batchers.get(node)?.move(membership);
  }

  /** Asks for a full observation, as soon as the node may be asked again; nothing when it is not ours. */
  observe(node: string, reason: number): void {
    if (this.#batchers.has(node)) this.#observations.add(node, reason);
  }

  /** What went in, out, was dropped and is held: raw events in "batch", batches in "append". */
  get balances(): readonly StageBalance[] {
    const batch = { name: "batch", in: 0, out: 0, dropped: 0, held: 0 };
    for (const { counter } of this.#batchers.values()) {
      batch.in += counter.in;
      batch.out += counter.out;
      batch.dropped += counter.dropped;
      batch.held += counter.held;
    }
    return [batch, this.publisher.counter.toJSON()];
  }

  /** The servers are watched for the host itself; of simulated nodes the first stands for it. */
  #sampler(node: SourceNode): RedisSampler | null {
    const { redisWatch: watch, clock, logger } = this.#options;
    if (watch === "") return null;
    return new RedisSampler({
      watch,
      node,
      clock,
      logger,
      give: (gauges) => this.#batchers.get(node.id)?.redis(gauges),
    });
  }

  #batcher(node: SourceNode): Batcher {
    const { source, clock, limits, log, membershipOf, resumeAt } = this.#options;
    return new Batcher({
      node,
      position: resumeAt.get(node.id) ?? 0,
      membership: membershipOf(node.id),
      outlet: this.#outlet(),
      clock,
      limits,
      messageBytesMax: log.messageBytesMax,
      lossy: source.kind === "bpf",
      sampling: () => source.sampling,
      onLoss: () => this.observe(node.id, ObservationReason.LOSS),
    });
  }

  #outlet(): BatchOutlet {
    const { onBatch } = this.#options;
    return {
      hasRoom: (bytes) => this.publisher.hasRoom(bytes),
      accept: (batch) => {
        onBatch?.(batch);
        this.publisher.accept(batch);
      },
    };
  }
}
