import type { PageColumns, RunqColumns } from "@farmscope/domain";
import {
  type CompactionRange,
  type Counters,
  type HistogramDelta,
  type MemoryGauges,
  type NodeFacts,
  NodeFactsSchema,
  type Observation,
  ObservationReason,
  type RedisGauges,
  toBinary,
} from "@farmscope/proto";
import { type Clock, invariant, StageCounter } from "@farmscope/runtime";
import type { EmitterLimits } from "../config.ts";
import type { GcPauseEvent, NodeSink, SamplingInForce, SourceNode } from "../source/port.ts";
import {
  BatchContents,
  COMPACTION_BYTES_MAX,
  cgroupBytes,
  EVENT_BYTES_MAX,
  gcPauseBytes,
  histogramBytes,
  redisBytes,
} from "./batch-contents.ts";
import { ENVELOPE_BYTES_MAX, encodeBatch, type Membership } from "./batch-record.ts";
import { EventBalance } from "./event-balance.ts";
import { splitObservation } from "./observation-parts.ts";
import { SentNames } from "./sent-names.ts";
import type { EncodedBatch } from "./spool.ts";

const ALL: SamplingInForce = { pageKeepOneIn: 1, runqKeepOneIn: 1, salt: 0 };
/** Most entries of one list in a batch; readers refuse more. */
const LIST_ENTRIES_MAX = 4096;

/** Where closed batches go. */
export interface BatchOutlet {
  hasRoom(bytes: number): boolean;
  accept(batch: EncodedBatch): void;
}

export interface BatcherOptions {
  readonly node: SourceNode;
  readonly membership: Membership;
  readonly outlet: BatchOutlet;
  readonly clock: Clock;
  readonly limits: EmitterLimits;
  /** Greatest size of a message, in bytes. */
  readonly messageBytesMax: number;
  /** The source cannot wait: when the outlet has no room, events are given up. A source that can is paused instead. */
  readonly lossy: boolean;
  /** Source position that this start goes on from. Default 0. */
  readonly position?: number;
  readonly sampling?: () => SamplingInForce | undefined;
  /** Page events were given up, so the page state must be observed anew; called when there is room again. */
  readonly onLoss?: () => void;
}

/**
 * Collects what happens on one node into batches. A batch is closed when it holds the greatest number of raw events, at
 * its greatest age, ahead of an observation part (which gets a batch of its own), when the node changes its farm, and
 * before it could outgrow the broker's limit.
 */
export class Batcher implements NodeSink {
  /** in: raw events poured; out: in batches; dropped: no room on the way; held: in the open batch. */
  readonly counter = new StageCounter("batch");
  readonly #options: BatcherOptions;
  readonly #bytesMax: number;
  readonly #contents: BatchContents;
  readonly #balance = new EventBalance();
  readonly #names: SentNames;
  #membership: Membership;
  #facts: NodeFacts | null = null;
  #factsSent = "";
  #seq = 0;
  #openedAtMs = 0;
  #idleTick = 0;
  /** Source position that the open batch reaches, and the one that the pour under way will have reached. */
  #position: number;
  #announced: number | null = null;
  /** Observation of which a part was given up: its other parts are worth nothing. */
  #brokenObservation: number | null = null;
  #lossToHeal = false;
  #closed = false;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#membership = options.membership;
    this.#position = options.position ?? 0;
    this.#bytesMax = options.messageBytesMax - ENVELOPE_BYTES_MAX;
    invariant(this.#bytesMax >= EVENT_BYTES_MAX, "the log takes messages of a useful size");
    this.#contents = new BatchContents(options.limits.batchEventsMax);
    this.#names = new SentNames(options.limits.cgroupNamesMax);
  }

  facts(facts: NodeFacts): void {
    const bytes = toBinary(NodeFactsSchema, facts);
    const text = Buffer.from(bytes).toString("base64");
    if (text === this.#factsSent) return;
    this.#makeRoom(bytes.length);
    this.#contents.setFacts(facts, bytes.length);
    this.#facts = facts;
    this.#factsSent = text;
  }

  cgroup(id: number, path: string): void {
    if (!this.#names.isNews(id, path)) return;
    this.#makeRoom(cgroupBytes(path));
    this.#contents.addCgroup(id, path);
    if (this.#contents.cgroups.length >= LIST_ENTRIES_MAX) this.#close();
  }

  pages(columns: PageColumns): void {
    this.#pour(columns.length, (at, count) => this.#contents.addPages(columns, at, count));
  }

  runq(columns: RunqColumns): void {
    this.#pour(columns.length, (at, count) => this.#contents.addRunq(columns, at, count));
  }

  gcPause(pause: GcPauseEvent): void {
    this.#makeRoom(gcPauseBytes(pause));
    this.#pour(1, () => this.#contents.addGcPause(pause));
  }

  histogram(delta: HistogramDelta): void {
    this.#makeRoom(histogramBytes(delta));
    this.#contents.addHistogram(delta);
    this.#idleTick = Number(delta.toTick);
    this.#reach(0);
    if (this.#contents.histograms.length >= LIST_ENTRIES_MAX) this.#close();
  }

  compaction(range: Omit<CompactionRange, "$typeName">): void {
    this.#makeRoom(COMPACTION_BYTES_MAX);
    this.#contents.addCompaction(range);
    if (this.#contents.compactions.length >= LIST_ENTRIES_MAX) this.#close();
  }

  gauges(gauges: MemoryGauges): void {
    this.#makeRoom(0);
    this.#contents.setGauges(gauges);
    this.#idleTick = Number(gauges.tick);
    this.#reach(0);
  }

  /** What a watched Redis server said; the newest of each stands for the batch. */
  redis(gauges: RedisGauges): void {
    if (this.#closed) return;
    this.#makeRoom(redisBytes(gauges));
    this.#contents.setRedis(gauges);
    this.#idleTick = Math.max(this.#idleTick, Number(gauges.tick));
    this.#reach(0);
  }

  observation(part: Observation): void {
    if (part.begin && part.reason === ObservationReason.REQUESTED) this.#repeatFacts();
    this.#close();
    if (part.begin) this.#brokenObservation = null;
    const parts = part.id === this.#brokenObservation ? [] : splitObservation(part, this.#bytesMax, LIST_ENTRIES_MAX);
    for (const [index, piece] of parts.entries()) {
      if (this.#mustGiveUp()) {
        this.#brokenObservation = part.id;
        this.#lossToHeal = true;
        break;
      }
      if (index === parts.length - 1) this.#reach(0);
      this.#idleTick = Number(piece.chunks[0]?.tick ?? this.#idleTick);
      this.#contents.setObservation(piece);
      this.#close();
    }
    this.#reach(0);
  }

  counters(counters: Counters, sourcePosition = 0): void {
    this.#balance.learn(counters);
    this.#position = Math.max(this.#position, sourcePosition);
  }

  position(sourcePosition: number): void {
    this.#announced = sourcePosition;
  }

  /**
   * Closes the first batch of a start that goes on from an earlier one, before any event: its source position says from
   * where, so that a reader knows which batches of the earlier start will come again.
   */
  begin(): void {
    this.#seal(false);
  }

  /** Moves the node to another farm: the open batch still belongs to the old one. */
  move(membership: Membership): void {
    this.#close();
    this.#membership = membership;
  }

  /** Closes the open batch when it has reached its age. */
  closeIfDue(nowMs: number): void {
    if (this.#contents.isEmpty) return;
    if (nowMs - this.#openedAtMs >= this.#options.limits.batchAgeMsMax) this.#close();
  }

  /** Closes the last batch of this start, even an empty one. Nothing may be poured afterwards. */
  finish(): void {
    if (this.#closed) return;
    if (this.#mustGiveUp()) this.#giveUp();
    this.#closed = true;
    this.#seal(true);
  }

  /** Adds `length` events through `add`, closing a batch wherever one is full. */
  #pour(length: number, add: (at: number, count: number) => void): void {
    this.counter.in += length;
    for (let at = 0; at < length; ) {
      const count = Math.min(length - at, this.#room());
      if (count > 0) {
        this.#open();
        add(at, count);
        at += count;
        this.#reach(length - at);
      }
      if (this.#room() <= 0) this.#close();
    }
  }

  /** Raw events that still fit. */
  #room(): number {
    const byCount = this.#options.limits.batchEventsMax - this.#contents.events;
    return Math.min(byCount, Math.floor((this.#bytesMax - this.#contents.bytes) / EVENT_BYTES_MAX));
  }

  /** Closes the open batch when so many bytes do not fit into it. */
  #makeRoom(bytes: number): void {
    if (this.#contents.bytes + bytes > this.#bytesMax) this.#close();
    this.#open();
  }

  /** Who asks for an observation misses batches, and the one with the facts may be among them. */
  #repeatFacts(): void {
    const facts = this.#facts;
    if (facts === null) return;
    this.#factsSent = "";
    this.facts(facts);
  }

  #open(): void {
    invariant(!this.#closed, "nothing is poured into a finished batcher");
    if (this.#contents.isEmpty) this.#openedAtMs = this.#options.clock.monotonicMs();
  }

  /** The pour under way is in the open batch but for its last `left` events. */
  #reach(left: number): void {
    if (this.#announced !== null) this.#position = this.#announced - left;
  }

  #mustGiveUp(): boolean {
    return this.#options.lossy && !this.#options.outlet.hasRoom(this.#contents.bytes + ENVELOPE_BYTES_MAX);
  }

  #close(): void {
    if (this.#contents.isEmpty) return;
    if (!this.#mustGiveUp()) this.#seal(false);
    else this.#giveUp();
    // What may not be given up is small, but not without end: it goes out even where there is no room.
    if (this.#contents.bytes > this.#bytesMax / 2) this.#seal(false);
  }

  /** No room: the raw events are lost and counted; names, facts, gauges and histograms wait for the next batch. */
  #giveUp(): void {
    const counts = this.#contents.counts;
    this.#balance.spoolLost(counts);
    this.counter.dropped += this.#contents.events;
    if (counts.pages > 0) this.#lossToHeal = true;
    this.#contents.dropEvents();
    this.#openedAtMs = this.#options.clock.monotonicMs();
  }

  #seal(last: boolean): void {
    const { node, outlet, sampling, onLoss } = this.#options;
    const { id, boot, start } = node;
    const counts = this.#contents.counts;
    const events = this.#contents.events;
    const seq = this.#seq++;
    this.#balance.batched(counts);
    this.#idleTick = Math.max(this.#idleTick, this.#contents.tickMin ?? 0);
    const payload = encodeBatch(
      {
        identity: { node: id, boot, start: BigInt(start), seq },
        membership: this.#membership,
        clock: node.clock(),
        counters: this.#balance.snapshot(),
        sampling: sampling?.() ?? ALL,
        sourcePosition: this.#position,
        idleTick: this.#idleTick,
        last,
      },
      this.#contents,
    );
    this.#contents.clear();
    this.counter.out += events;
    outlet.accept({ node: id, id: `${id}/${boot}/${start}/${seq}`, seq, payload, events });
    if (this.#lossToHeal && !last) {
      this.#lossToHeal = false;
      onLoss?.();
    }
  }
}
