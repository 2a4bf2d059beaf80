import {
  type NodeFold,
  nodeView,
  OFFLINE_AFTER_MS,
  type PageFold,
  StateReader,
  StateWriter,
  TICK_KEY,
} from "@farmscope/domain";
import type { EventLog, LogRecord, StreamPositions } from "@farmscope/log";
import type { Batch, NodeView, PageMapView } from "@farmscope/proto";
import { OperatingError } from "@farmscope/runtime";
import type { PartitionNode, PartitionState } from "../partition-state.ts";
import { decodeOne } from "../stages/decode.ts";
import { type NodeSteps, type Ordered, orderOne, placeOf } from "../stages/dedupe.ts";
import { foldOne } from "../stages/fold.ts";
import { windowOne } from "../stages/window.ts";
import { pageMapHeadOf } from "../views.ts";
import { type Cut, cutOf } from "./cut.ts";
import { keyedRecords } from "./keyed-records.ts";
import type { Moment } from "./moment.ts";
import { batchIn } from "./node-batches.ts";

/** Most events that one answer folds: checkpoints are written often enough that it never needs to. */
export const PAST_EVENTS_MAX = 2_000_000;

/** A node at a moment of the past. Valid only while it is being looked at: the fold goes on from there. */
export interface PastNode {
  /** Of its newest whole batch; and its page map as it was at the moment. */
  readonly fold: NodeFold;
  readonly view: NodeView;
  /** Its page map, without its runs, which follow uncompressed. Cost: one pass over the map. */
  map(): { readonly view: PageMapView; readonly runs: Uint8Array };
  /** What it stands for, Unix milliseconds: the time that was asked for, or that of its newest event. */
  readonly atMs: number;
}

/** Where a node's fold stands, and what it can still be asked for. */
export interface NodePastOptions {
  readonly node: string;
  readonly state: PartitionState;
  /** Position up to which records are in the state. */
  readonly position: number;
}

/**
 * One node's fold in the past, which goes forward only. It reads the node's own records and the partition's ticks, and
 * nothing else: what a node becomes depends on no other node.
 */
export class NodePast {
  readonly node: string;
  readonly state: PartitionState;
  position: number;
  /** Nothing in the state is stamped later than this, Unix milliseconds. */
  newestMs = Number.POSITIVE_INFINITY;
  /** Folded for the answer that is being made. */
  events = 0;
  /** True when more was taken in than the answer shows: then nothing can be folded on from here. */
  isSpent = false;
  readonly #log: EventLog;

  constructor(log: EventLog, { node, state, position }: NodePastOptions) {
    this.#log = log;
    this.node = node;
    this.state = state;
    this.position = position;
  }

  /** Bytes of memory that it takes, about: half a byte a frame, and what is known besides. */
  get bytes(): number {
    return (this.#node?.fold.pages.frames ?? 0) / 2 + 2 ** 18;
  }

  canReach(moment: Moment): boolean {
    if (this.isSpent) return false;
    return moment.kind === "position" ? this.position <= moment.position : this.newestMs <= moment.ms;
  }

  /**
   * Goes forward to a moment and looks at the node there.
   * @throws {OperatingError} LOG_UNAVAILABLE, QUERY_TOO_LARGE, NOT_RETAINED when the node was not known yet.
   */
  async at<T>(moment: Moment, positions: StreamPositions, signal: AbortSignal, use: (past: PastNode) => T): Promise<T> {
    this.events = 0;
    const cut = await this.#forward(moment, positions.last, signal);
    const node = this.#node;
    if (node === undefined || node.fold.batches.folded + node.fold.batches.dead === 0) {
      throw new OperatingError("NOT_RETAINED", `nothing is known of "${this.node}" at that moment`);
    }
    return this.#look(node, moment, cut, use);
  }

  get #node(): PartitionNode | undefined {
    return this.state.nodes.get(this.node);
  }

  async #forward(moment: Moment, last: number, signal: AbortSignal): Promise<Cut | null> {
    const stream = { kind: "event", partition: this.state.settings.partition } as const;
    const isAtTime = moment.kind === "time";
    const through = isAtTime ? last : Math.min(moment.position, last);
    // Behind the node's newest record only ticks follow, which change nothing of it once no batch is held.
    const newest = isAtTime ? ((await this.#log.lastOf(stream, this.node))?.position ?? 0) : through;
    const range = { log: this.#log, stream, keys: [this.node, TICK_KEY], from: this.position + 1, through };
    try {
      for await (const record of keyedRecords(range)) {
        if (signal.aborted) throw new OperatingError("ABORTED", "nobody waits for the answer any more");
        if (isAtTime && record.position > newest && this.#held === 0) break;
        const cut = isAtTime ? this.#takeBefore(record, moment.ms) : this.#take(record);
        if (cut !== null) return cut;
        if (this.events > PAST_EVENTS_MAX) throw tooMuch(this.node);
      }
    } catch (error) {
      this.isSpent = true;
      throw error;
    }
    this.newestMs = isAtTime ? moment.ms : this.state.windows.watermarkMs;
    if (!isAtTime) this.position = through;
    return null;
  }

  get #held(): number {
    return this.#node?.order.held ?? 0;
  }

  /** Takes a record in, unless the time falls into it. */
  #takeBefore(record: LogRecord, timeMs: number): Cut | null {
    if (record.key === this.node && record.appendedAtMs > timeMs) {
      const cut = this.#cutIn(record, timeMs);
      if (cut !== null) {
        this.position = record.position - 1;
        this.newestMs = timeMs;
        return cut;
      }
    }
    return this.#take(record, timeMs);
  }

  /** The cut, when the record's batch would be folded next, so that nothing of it has to be taken in. */
  #cutIn(record: LogRecord, timeMs: number): Cut | null {
    const item = batchIn(record);
    if (item === null) return null;
    return this.state.node(this.node)?.order.isNext(placeOf(item)) === true ? cutOf(item, timeMs) : null;
  }

  #take(record: LogRecord, timeMs = Number.POSITIVE_INFINITY): Cut | null {
    const { state } = this;
    const ordered = orderOne(state, decodeOne(state, record));
    const { before, cut } = cutSteps(ordered, timeMs);
    for (const { steps } of before.work)
      for (const step of steps) if (step.kind === "turn") this.#count(step.item.batch);
    const folded = foldOne(state, before);
    this.position = record.position;
    if (cut === null) windowOne(state, folded);
    else this.isSpent = true;
    state.pending.clear();
    return cut;
  }

  #count({ pages, runq }: Batch): void {
    this.events += (pages?.count ?? 0) + (runq?.count ?? 0);
  }

  /** Shows the node with its map as it was at the cut; a copy of the map takes what the cut batch still gives. */
  #look<T>(node: PartitionNode, moment: Moment, cut: Cut | null, use: (past: PastNode) => T): T {
    const { fold } = node;
    const isAtTime = moment.kind === "time";
    const online = isAtTime ? moment.ms - fold.lastAppendMs < OFFLINE_AFTER_MS : node.online;
    const context = { partition: this.state.settings.partition, online, heldBatches: node.order.held };
    const pages = fold.pages;
    try {
      if (cut !== null && cut.pageEvents > 0) {
        fold.pages = cutPages(fold, cut);
      }
      const map = () => ({ view: pageMapHeadOf(this.state, node), runs: fold.pages.encodeRuns() });
      return use({ fold, view: nodeView(fold, context), map, atMs: isAtTime ? moment.ms : fold.lastEventMs });
    } finally {
      fold.pages = pages;
    }
  }
}

/** The part of the work that comes before the cut, which falls into one of the batches that would be folded. */
function cutSteps(ordered: Ordered, timeMs: number): { readonly before: Ordered; readonly cut: Cut | null } {
  const work: NodeSteps[] = [];
  for (const item of ordered.work) {
    for (const [at, step] of item.steps.entries()) {
      if (step.kind !== "turn") continue;
      const cut = cutOf(step.item, timeMs);
      if (cut === null) continue;
      // A life of which nothing has happened yet has not begun.
      const end = item.steps[at - 1]?.kind === "start" ? at - 1 : at;
      work.push({ ...item, steps: item.steps.slice(0, end), read: null });
      return { before: { ...ordered, work }, cut };
    }
    work.push(item);
  }
  return { before: ordered, cut: null };
}

/** The map with what the cut batch still gives; the fold's own stays as it is. */
function cutPages(fold: NodeFold, { item, content }: Cut): PageFold {
  const { boot, pages } = fold;
  const { identity, facts } = item.batch;
  const cut = fold.emptyPages();
  if (identity!.boot === boot) {
    const writer = new StateWriter();
    pages.encode(writer);
    cut.decode(new StateReader(writer.finish()));
  }
  if (facts !== undefined) cut.setFacts(facts);
  cut.applyEvents(content.pages);
  return cut;
}

function tooMuch(node: string): OperatingError {
  const text = `more than ${PAST_EVENTS_MAX} events of "${node}" lie between that moment and the checkpoint before it`;
  return new OperatingError("QUERY_TOO_LARGE", text, {
    remedy: "ask for a moment closer behind a checkpoint; they are written while an aggregator runs",
  });
}
