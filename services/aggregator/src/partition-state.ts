import {
  BatchContent,
  type BatchFault,
  BatchOrder,
  NodeFold,
  PartitionWindows,
  type WindowedNode,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import type { Batch } from "@farmscope/proto";
import { StageCounter } from "@farmscope/runtime";
import type { Keys } from "@farmscope/store";
import type { AggregatorLimits } from "./config.ts";
import { deadLetter } from "./dead-letter.ts";
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
}

export interface PartitionSettings {
  readonly namespace: string;
  readonly partition: number;
  readonly partitions: number;
  readonly keys: Keys;
  readonly limits: AggregatorLimits;
  readonly messageBytesMax: number;
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
  readonly windows: PartitionWindows;
  readonly content = new BatchContent();
  readonly pending: Pending<PartitionNode>;
  readonly counters = {
    read: new StageCounter("read"),
    decode: new StageCounter("decode"),
    dedupe: new StageCounter("dedupe"),
    fold: new StageCounter("fold"),
    window: new StageCounter("window"),
    commit: new StageCounter("commit"),
  };
  readonly #openBeginning: boolean;

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
      moment: () => fold.moment(),
      get lastAppendMs() {
        return fold.lastAppendMs;
      },
    };
    this.nodes.set(id, node);
    return node;
  }

  /** Puts a record aside, with its reason. */
  bury(record: LogRecord, fault: BatchFault): void {
    const { namespace, partition, messageBytesMax } = this.settings;
    this.pending.emit(deadLetter(namespace, { kind: "event", partition }, record, fault, messageBytesMax));
  }
}
