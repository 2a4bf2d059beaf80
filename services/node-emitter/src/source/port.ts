/**
 * Where events come from: the kernel (bpf), a recorded trace, or a synthetic allocator. Three siblings behind one port;
 * everything after it (batch, publish) is the same.
 */
import type { PageColumns, RunqColumns } from "@farmscope/domain";
import type { CompactionRange, Counters, HistogramDelta, MemoryGauges, NodeFacts, Observation } from "@farmscope/proto";

/** A host that the source speaks for. BPF and trace have one, synthetic any number. */
export interface SourceNode {
  readonly id: string;
  readonly boot: string;
  /** Start of this life of the emitter, Unix milliseconds. */
  readonly start: number;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC in microseconds, and its greatest error. */
  clock(): { readonly realtimeOffsetUs: number; readonly errorUs: number };
}

export interface GcPauseEvent {
  readonly endTick: number;
  readonly durationNs: number;
  readonly pid: number;
  readonly cgroup: number;
  readonly runtime: number;
  readonly command: string;
}

/** What a source leaves out on purpose. 1 means all. */
export interface SamplingInForce {
  readonly pageKeepOneIn: number;
  readonly runqKeepOneIn: number;
  readonly salt: number;
}

/**
 * What a source pours into, one per node; the batcher. Calls are in ring order. Columns are the source's and are copied
 * before the call returns.
 */
export interface NodeSink {
  facts(facts: NodeFacts): void;
  cgroup(id: number, path: string): void;
  pages(columns: PageColumns): void;
  runq(columns: RunqColumns): void;
  gcPause(pause: GcPauseEvent): void;
  histogram(delta: HistogramDelta): void;
  /** Goes into the log behind every page event given before it, and ahead of all given after it. */
  observation(part: Observation): void;
  gauges(gauges: MemoryGauges): void;
  /** Where compaction took free pages without an event. */
  compaction(range: Omit<CompactionRange, "$typeName">): void;
  /**
   * Cumulative balance of the source at this moment (batched is filled in by the batcher).
   * @param sourcePosition where the source stands by these counters, if it can resume: what it left out since the last
   *   pour would be counted again otherwise.
   */
  counters(counters: Counters, sourcePosition?: number): void;
  /**
   * Synthetic and trace: called ahead of a pour, says where the source stands once that pour is through, so that a
   * killed source can resume. A pour of n events passes n positions: where a batch is closed inside it, the batch
   * carries the position of its own last event.
   */
  position(sourcePosition: number): void;
}

export interface EventSource {
  readonly kind: "bpf" | "trace" | "synthetic";
  /** Shortest useful time between two polls, in milliseconds. */
  readonly pollIntervalMs: number;
  /** What is left out on purpose; all is kept when absent. Read at each batch. */
  readonly sampling?: SamplingInForce | undefined;
  /** Loads, attaches and learns the nodes. @throws {OperatingError} BPF_UNAVAILABLE, BPF_LOAD_FAILED, SOURCE_UNREADABLE, TRACE_CORRUPT. */
  open(): Promise<readonly SourceNode[]>;
  /** Connects each node to its sink and starts. `resumeAt` holds the source position to go on from, by node id. */
  start(sinks: ReadonlyMap<string, NodeSink>, resumeAt: ReadonlyMap<string, number>): Promise<void>;
  /**
   * Moves what has happened since the last poll into the sinks. Never blocks for more than a few milliseconds.
   * @param nowMs monotonic milliseconds, for what the source does on a period.
   * @returns the number of events moved.
   */
  poll(nowMs: number): number;
  /** Asks for a full observation of a node. */
  observe(node: string, reason: number): void;
  /** True when a finite source has given everything. */
  readonly finished: boolean;
  /** Detaches, pours what is left into the sinks with the final counters, frees everything. Idempotent. */
  close(): Promise<void>;
}
