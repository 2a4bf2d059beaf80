import { partitionOf } from "@farmscope/domain";
import type { EventLog, StreamPositions } from "@farmscope/log";
import type { CheckpointManifest } from "@farmscope/proto";
import { type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import type { Keys } from "@farmscope/store";
import { CheckpointReader } from "../checkpoint/checkpoint-reader.ts";
import { isUnreadable, refuseForeign, restoreFrom } from "../checkpoint/restore.ts";
import { FOLD_LIMITS } from "../limits.ts";
import { PartitionState } from "../partition-state.ts";
import { CheckpointCatalog } from "./checkpoint-catalog.ts";
import { KeptPasts } from "./kept-pasts.ts";
import type { Moment } from "./moment.ts";
import { type LoggedBatch, loggedBatches, type NodeBatch, nodeBatches } from "./node-batches.ts";
import { NodePast, type PastNode } from "./node-past.ts";

export interface PastNodesOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly keys: Keys;
  readonly namespace: string;
  readonly partitions: number;
}

/** Answers that are being folded at the same time, and those that may wait for their turn; more are refused. */
const FOLDING_MAX = 4;
const WAITING_MAX = 64;
/** A record that is known to be there takes no longer than this, in milliseconds. */
const RECORD_WAIT_MS = 5_000;

/**
 * Nodes as they were at any retained moment: from the newest checkpoint at or before it, folding the one node only, at
 * most PAST_EVENTS_MAX events. States that were folded are kept for a while, so that the next step of a time slider
 * goes on from there.
 */
export class PastNodes {
  readonly #options: PastNodesOptions;
  readonly #catalogs = new Map<number, CheckpointCatalog>();
  readonly #kept = new KeptPasts();
  readonly #waiting: (() => void)[] = [];
  #folding = 0;

  constructor(options: PastNodesOptions) {
    this.#options = options;
  }

  /** Bytes of the states that are kept, about. */
  get keptBytes(): number {
    return this.#kept.bytes;
  }

  /**
   * Looks at a node as it was.
   * @param use looks, and takes what it wants: what it is given is valid only until it returns.
   * @throws {OperatingError} NOT_RETAINED, QUERY_TOO_LARGE, OVERLOADED, ABORTED, LOG_UNAVAILABLE (retriable).
   */
  async at<T>(node: string, moment: Moment, signal: AbortSignal, use: (past: PastNode) => T): Promise<T> {
    await this.#enter();
    try {
      return await this.#fold(node, moment, signal, use);
    } finally {
      this.#leave();
    }
  }

  /** What a node sent that can hold events of [fromMs, toMs), in the order of its ring: see {@link nodeBatches}. */
  async *batches(node: string, fromMs: number, toMs: number, signal: AbortSignal): AsyncGenerator<NodeBatch> {
    await this.#enter();
    try {
      yield* nodeBatches({ ...(await this.#range(node, fromMs)), fromMs, toMs, signal });
    } finally {
      this.#leave();
    }
  }

  /**
   * The same in the order of the log: see {@link loggedBatches}.
   * @param from position to begin at, when more is known than the time.
   */
  async *logged(
    node: string,
    fromMs: number,
    toMs: number,
    signal: AbortSignal,
    from = 0,
  ): AsyncGenerator<LoggedBatch> {
    await this.#enter();
    try {
      const range = await this.#range(node, fromMs);
      yield* loggedBatches({ ...range, from: Math.max(from, range.from), fromMs, toMs, signal });
    } finally {
      this.#leave();
    }
  }

  /** The records among which those of a time and later are, as far as they are retained. */
  async #range(node: string, fromMs: number) {
    const { log, partitions } = this.#options;
    const partition = partitionOf(node, partitions);
    const stream = { kind: "event", partition } as const;
    const { first, last } = await log.positions(stream);
    const catalog = this.#catalog(partition);
    await catalog.refresh();
    return { log, stream, node, from: Math.max(first, catalog.endBefore(fromMs) + 1), through: last };
  }

  async #fold<T>(node: string, moment: Moment, signal: AbortSignal, use: (past: PastNode) => T): Promise<T> {
    const partition = partitionOf(node, this.#options.partitions);
    const positions = await this.#options.log.positions({ kind: "event", partition });
    const past = await this.#begin(node, moment, partition, positions);
    const answer = await past.at(moment, positions, signal, use);
    if (!past.isSpent) this.#kept.put(past);
    return answer;
  }

  /** The state to go on from: a kept one, unless a checkpoint lies closer to the moment. */
  async #begin(node: string, moment: Moment, partition: number, positions: StreamPositions): Promise<NodePast> {
    const { log, logger } = this.#options;
    const catalog = this.#catalog(partition);
    await catalog.refresh();
    const kept = this.#kept.take(node, moment);
    for await (const manifest of catalog.before(node, moment, positions.first)) {
      if (kept !== null && kept.position >= Number(manifest.beginPosition)) return kept;
      try {
        await refuseForeign({ log, partition, positions }, manifest);
        return await this.#restore(node, partition, manifest);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        logger.warn({ partition, node }, `a checkpoint cannot be used: ${messageOf(error)}`);
      }
    }
    return kept ?? (await this.#fromBeginning(node, moment, partition, positions));
  }

  async #restore(node: string, partition: number, manifest: CheckpointManifest): Promise<NodePast> {
    const { log } = this.#options;
    const nodes = new Set([node]);
    const fresh = (openBeginning: boolean): PartitionState => this.#state(node, partition, openBeginning);
    const { state, from } = await restoreFrom({ nodes, fresh }, new CheckpointReader(log, partition), manifest);
    return new NodePast(log, { node, state, position: from - 1 });
  }

  /** Where nothing was written yet, the log's own beginning; where that is gone, a beginning within. */
  async #fromBeginning(
    node: string,
    moment: Moment,
    partition: number,
    { first, messages }: StreamPositions,
  ): Promise<NodePast> {
    const { log } = this.#options;
    const isOpen = first > 1;
    if (isOpen && messages > 0 && (await this.#isBefore(moment, partition, first))) {
      throw new OperatingError("NOT_RETAINED", "the log begins after that moment", {
        remedy: "ask for a later moment; FARMSCOPE_LOG_BYTES_MAX says how much is kept",
      });
    }
    const state = this.#state(node, partition, isOpen);
    return new NodePast(log, { node, state, position: first - 1 });
  }

  async #isBefore(moment: Moment, partition: number, first: number): Promise<boolean> {
    if (moment.kind === "position") return moment.position < first;
    const reader = await this.#options.log.read({ kind: "event", partition }, { from: first, allowTruncated: true });
    try {
      const [record] = await reader.next(1, RECORD_WAIT_MS);
      return record !== undefined && record.appendedAtMs > moment.ms;
    } finally {
      await reader.close();
    }
  }

  #state(node: string, partition: number, openBeginning: boolean): PartitionState {
    const { keys, log, namespace, partitions } = this.#options;
    const { messageBytesMax } = log;
    const nodes = new Set([node]);
    const settings = { namespace, partition, partitions, keys, limits: FOLD_LIMITS, messageBytesMax, nodes };
    const nothing = { silentThrough: 0, recordId: "", onForeign: () => {}, lostTail: false };
    return new PartitionState(settings, nothing, openBeginning);
  }

  #catalog(partition: number): CheckpointCatalog {
    let catalog = this.#catalogs.get(partition);
    if (catalog === undefined) {
      catalog = new CheckpointCatalog(this.#options.log, partition);
      this.#catalogs.set(partition, catalog);
    }
    return catalog;
  }

  async #enter(): Promise<void> {
    if (this.#folding < FOLDING_MAX) {
      this.#folding++;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) {
      const text = `${WAITING_MAX} questions about the past are waiting`;
      throw new OperatingError("OVERLOADED", text, { retriable: true, remedy: "ask again in a moment" });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on, if somebody waits for it. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#folding--;
    else next();
  }
}
