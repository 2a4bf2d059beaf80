import {
  BatchContent,
  type BatchFault,
  BatchOrder,
  NodeFold,
  PartitionWindows,
  StateReader,
  StateWriter,
  type WindowedNode,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import type { Batch } from "@farmscope/proto";
import { StageCounter } from "@farmscope/runtime";
import type { Keys } from "@farmscope/store";
import { deadLetter } from "./dead-letter.ts";
import type { FoldLimits } from "./limits.ts";
import { type Committed, Pending } from "./pending.ts";

/** A batch whose turn may not have come yet. `fault` says why it cannot be folded, as far as that shows before. */
export interface OrderedBatch {
  readonly record: LogRecord;
  readonly batch: Batch;
  readonly fault: BatchFault | null;
}

/** A node of the partition. */
export interface PartitionNode extends WindowedNode {
  readonly fold: NodeFold;
  readonly order: BatchOrder<OrderedBatch>;
  /** As it stands in the newest view. */
  online: boolean;
  /** Position up to which it came from a checkpoint: records up to there are in it already. */
  foldedThrough: number;
}

/** What a partition is once it has been folded to where a checkpoint of it became complete. */
interface Completion {
  readonly position: number;
  readonly state: Uint8Array;
}

export interface PartitionSettings {
  readonly namespace: string;
  readonly partition: number;
  readonly partitions: number;
  readonly keys: Keys;
  readonly limits: FoldLimits;
  readonly messageBytesMax: number;
  /** Only these nodes are folded. Default: all. */
  readonly nodes?: ReadonlySet<string>;
}

/**
 * Everything that folding one partition changes: a pure function of its records. The stages of pipeline.ts work on it,
 * one record at a time.
 */
export class PartitionState {
  readonly settings: PartitionSettings;
  readonly nodes = new Map<string, PartitionNode>();
  /** Nodes with batches in the reorder buffer. */
  readonly waiting = new Set<PartitionNode>();
  windows: PartitionWindows;
  /** Quantiles that rules name, by the newest tick. */
  namedQuantiles: readonly number[] = [];
  readonly content = new BatchContent();
  /** Payload bytes of the records that were read in this life. */
  bytesRead = 0;
  readonly pending: Pending<PartitionNode>;
  readonly counters = {
    read: new StageCounter("read"),
    decode: new StageCounter("decode"),
    dedupe: new StageCounter("dedupe"),
    fold: new StageCounter("fold"),
    window: new StageCounter("window"),
    commit: new StageCounter("commit"),
  };
  #openBeginning: boolean;
  #completion: Completion | null = null;

  /**
   * @param committed what an earlier owner committed.
   * @param openBeginning the log's oldest records are gone.
   */
  constructor(settings: PartitionSettings, committed: Committed, openBeginning: boolean) {
    this.settings = settings;
    this.pending = new Pending(committed);
    this.windows = new PartitionWindows(settings.partition);
    this.#openBeginning = openBeginning;
  }

  /** The node of this id, created when it is new; null when the partition is full. */
  node(id: string): PartitionNode | null {
    const known = this.nodes.get(id);
    if (known !== undefined) return known;
    if (this.nodes.size >= this.settings.limits.nodesPerPartitionMax) return null;
    const fold = new NodeFold(id);
    const node: PartitionNode = {
      node: id,
      fold,
      windows: fold.windows,
      order: new BatchOrder(this.#openBeginning),
      online: true,
      foldedThrough: 0,
      moment: () => fold.moment(),
      get lastAppendMs() {
        return fold.lastAppendMs;
      },
    };
    this.nodes.set(id, node);
    return node;
  }

  /** False while what a checkpoint left open is being folded: no state of all nodes at one position exists then. */
  get isWhole(): boolean {
    return this.#completion === null;
  }

  /** Begins with a record. */
  enter({ position, appendedAtMs, payload }: LogRecord, recordId: string): void {
    this.bytesRead += payload.length;
    const completion = this.#completion;
    if (completion !== null && position > completion.position) this.#complete(completion);
    this.pending.enter(position, recordId);
    this.windows.pass(appendedAtMs);
  }

  /** The nodes that have not seen the record at a position yet, in the order in which they came. */
  nodesBefore(position: number): PartitionNode[] {
    return [...this.nodes.values()].filter((node) => node.foldedThrough < position);
  }

  /** Nodes with batches in the reorder buffer that have not seen the record at a position yet, by id. */
  waitingBefore(position: number): PartitionNode[] {
    return [...this.waiting].filter((node) => node.foldedThrough < position).sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** Writes what is not the nodes', for {@link resume}. */
  encode(): Uint8Array {
    const writer = new StateWriter();
    writer.flag(this.#openBeginning);
    this.windows.encode(writer);
    return writer.finish();
  }

  /**
   * Takes over what {@link encode} wrote. Nodes of a checkpoint stand at positions of their own, so folding goes on from
   * its begin; at `completion`, where the last of them stands, what depends on all of them is taken from there.
   * @throws {WireFormatError} malformed.
   */
  resume(begin: Uint8Array, completion: Completion): void {
    this.#decode(completion.state);
    this.#decode(begin);
    this.#completion = completion;
  }

  #complete(completion: Completion): void {
    this.#decode(completion.state);
    this.#completion = null;
  }

  #decode(bytes: Uint8Array): void {
    const reader = new StateReader(bytes);
    this.#openBeginning = reader.flag();
    const windows = new PartitionWindows(this.settings.partition);
    windows.decode(reader);
    reader.expectEnd();
    this.windows = windows;
  }

  /** Puts a record aside, with its reason. */
  bury(record: LogRecord, fault: BatchFault): void {
    const { namespace, partition, messageBytesMax } = this.settings;
    this.pending.emit(deadLetter(namespace, { kind: "event", partition }, record, fault, messageBytesMax));
  }
}
