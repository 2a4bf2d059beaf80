import { PAGE_EVENTS_MAX, RUNQ_EVENTS_MAX } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import {
  type CheckpointNode,
  CheckpointNodeSchema,
  type CheckpointPlace,
  CheckpointPlaceSchema,
  CheckpointSection,
  create,
} from "@farmscope/proto";
import { type Clock, type Logger, messageOf, OperatingError, retrying } from "@farmscope/runtime";
import type { PartitionNode, PartitionState } from "../partition-state.ts";
import { encodeBooks, encodeMemory, memoryVersion } from "./node-state.ts";
import { CheckpointRound } from "./round.ts";
import { MANIFEST_KEY, MOMENT_KEY, packManifest, packSection } from "./sections.ts";

/** Bytes that the log grows by for one byte of sets, at least; retention keeps a quarter of the log's bytes for them. */
const BYTES_PER_BYTE = 5;
/** Most events in one batch, pauses of garbage collectors aside, which are few. */
const EVENTS_PER_BATCH_MAX = PAGE_EVENTS_MAX + RUNQ_EVENTS_MAX;
/** Memory that did not change is written again after so many sets, so that sets do not lie scattered over the stream. */
export const ROUNDS_PER_MEMORY_MAX = 8;

/** Where a node's memory was written last. */
export interface WrittenMemory {
  readonly version: string;
  readonly place: CheckpointPlace;
  /** Sets that refer to it. */
  readonly rounds: number;
}

export interface CheckpointerPorts {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What was so far when something was done last. */
interface Mark {
  readonly atMs: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** How much of a node was folded. */
interface Folded {
  readonly batches: number;
  readonly events: number;
}

const NOTHING: Folded = { batches: 0, events: 0 };

/**
 * Writes checkpoints of a partition while its fold goes on. Between two pulls it encodes as many nodes as a few
 * milliseconds allow; compressing and appending run beside the fold. A set is complete when its manifest is in the log.
 *
 * Complete sets come by time, and sooner when a node has much to tell. Between them, a node of which so much happened
 * that questions about its past would fold too much gets a set of its own, which nobody restarts from. Sets take no more
 * than a fifth of what the log itself grows by, so that they are kept for as long as the log.
 */
export class Checkpointer {
  readonly #state: PartitionState;
  readonly #ports: CheckpointerPorts;
  readonly #written: Map<string, WrittenMemory>;
  readonly #over = new AbortController();
  readonly #rounds = new Set<CheckpointRound>();
  readonly #closing = new Set<Promise<void>>();
  #last: Mark;
  #bytesWritten = 0;
  /** By node, when the last complete set began, and when it was encoded last. */
  #atComplete = new Map<string, Folded>();
  readonly #atEncoded = new Map<string, Folded>();

  /** @param written what is in the log already, by node. */
  constructor(state: PartitionState, ports: CheckpointerPorts, written: ReadonlyMap<string, WrittenMemory>) {
    this.#state = state;
    this.#ports = ports;
    this.#written = new Map(written);
    this.#last = this.#mark();
    this.#atComplete = new Map([...state.nodes.values()].map((node) => [node.node, foldedOf(node)]));
    for (const [node, folded] of this.#atComplete) this.#atEncoded.set(node, folded);
  }

  /** True while a set is being written, so that it pays to be called again soon. */
  get busy(): boolean {
    return this.#rounds.size > 0;
  }

  /** To be called between two pulls: begins a set when one is due, and goes on with it for a few milliseconds. */
  step(): void {
    if (!this.#state.isWhole || this.#state.pending.position === 0) return;
    const keys = new Set([...this.#rounds].map(({ key }) => key));
    if (!keys.has(MANIFEST_KEY) && this.#isDue()) this.#beginComplete();
    if (!keys.has(MOMENT_KEY)) this.#beginMoment();
    // Sets of a moment are small, and their nodes in a hurry.
    for (const key of [MOMENT_KEY, MANIFEST_KEY])
      for (const round of this.#rounds) if (round.key === key && !round.isClosing) this.#goOn(round);
  }

  /** Resolves when all that was encoded is in the log, or cannot be. */
  async settle(): Promise<void> {
    await Promise.all([...this.#rounds].map((round) => round.settle()));
    await Promise.all(this.#closing);
  }

  /** Gives up what is being written: a set without a manifest is never used. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.settle();
  }

  #isDue(): boolean {
    const { limits } = this.#state.settings;
    const { atMs, bytesRead, bytesWritten } = this.#mark();
    const ageMs = atMs - this.#last.atMs;
    if (ageMs < limits.checkpointIntervalMsMin) return false;
    if (this.#isHot(this.#atComplete)) return true;
    const isCheap = bytesRead - this.#last.bytesRead >= BYTES_PER_BYTE * (bytesWritten - this.#last.bytesWritten);
    return ageMs >= (isCheap ? limits.checkpointIntervalMs : limits.checkpointIntervalMsMax);
  }

  #isHot(since: ReadonlyMap<string, Folded>): boolean {
    for (const node of this.#state.nodes.values()) if (this.#hasMuch(node, since)) return true;
    return false;
  }

  /** Whether more happened to a node than may lie between two of its states. Batches are counted first: that is cheap. */
  #hasMuch(node: PartitionNode, since: ReadonlyMap<string, Folded>): boolean {
    const { checkpointEventsMax } = this.#state.settings.limits;
    const { batches, events } = since.get(node.node) ?? NOTHING;
    if ((node.fold.batches.folded - batches) * EVENTS_PER_BATCH_MAX < checkpointEventsMax) return false;
    return foldedOf(node).events - events >= checkpointEventsMax;
  }

  #beginComplete(): void {
    this.#last = this.#mark();
    const nodes = [...this.#state.nodes.values()];
    this.#atComplete = new Map(nodes.map((node) => [node.node, foldedOf(node)]));
    this.#rounds.add(new CheckpointRound(this.#state, MANIFEST_KEY, nodes));
  }

  #beginMoment(): void {
    const nodes = [...this.#state.nodes.values()].filter((node) => this.#hasMuch(node, this.#atEncoded));
    if (nodes.length > 0) this.#rounds.add(new CheckpointRound(this.#state, MOMENT_KEY, nodes));
  }

  #goOn(round: CheckpointRound): void {
    this.#encodeSome(round);
    if (round.failure !== null || round.left.length === 0) this.#finish(round);
  }

  #mark(): Mark {
    const { bytesRead } = this.#state;
    return { atMs: this.#ports.clock.monotonicMs(), bytesRead, bytesWritten: this.#bytesWritten };
  }

  /** Stops when the time is up or too much is under way; one node is always encoded, so that it ends. */
  #encodeSome(round: CheckpointRound): void {
    const { clock } = this.#ports;
    const { checkpointSliceMs, checkpointBytesInFlightMax } = this.#state.settings.limits;
    const endMs = clock.monotonicMs() + checkpointSliceMs;
    while (round.failure === null && round.bytesInFlight <= checkpointBytesInFlightMax) {
      const node = round.left.shift();
      if (node === undefined) return;
      this.#encodeNode(round, node);
      if (clock.monotonicMs() >= endMs) return;
    }
  }

  #encodeNode(round: CheckpointRound, node: PartitionNode): void {
    const version = memoryVersion(node);
    const known = this.#written.get(node.node);
    const isKnown = known !== undefined && known.version === version && known.rounds < ROUNDS_PER_MEMORY_MAX;
    const position = this.#state.pending.position;
    const { lastEventMs } = node.fold;
    this.#atEncoded.set(node.node, foldedOf(node));
    const books = this.#write(round, node.node, CheckpointSection.BOOKS, encodeBooks(node));
    const memory = isKnown
      ? Promise.resolve(known.place)
      : this.#write(round, node.node, CheckpointSection.MEMORY, encodeMemory(node));
    round.add(
      Promise.all([memory, books]).then(([memoryPlace, booksPlace]): CheckpointNode => {
        this.#written.set(node.node, { version, place: memoryPlace, rounds: isKnown ? known.rounds + 1 : 1 });
        return create(CheckpointNodeSchema, {
          node: node.node,
          position: BigInt(position),
          memory: memoryPlace,
          books: booksPlace,
          lastEventMs: BigInt(lastEventMs),
        });
      }),
    );
  }

  async #write(
    round: CheckpointRound,
    node: string,
    section: CheckpointSection,
    state: Uint8Array,
  ): Promise<CheckpointPlace> {
    const { messageBytesMax } = this.#state.settings;
    round.bytesInFlight += state.length;
    const { payloads, sha256 } = await packSection(node, section, state, messageBytesMax);
    for (const payload of payloads) this.#bytesWritten += payload.length;
    const positions = await Promise.all(payloads.map((payload) => this.#append(node, payload)));
    round.bytesInFlight -= state.length;
    return create(CheckpointPlaceSchema, { positions: positions.map(BigInt), sha256 });
  }

  /** Without an id: another owner's part of the same name would be another part. */
  #append(key: string, payload: Uint8Array): Promise<number> {
    const { log, clock, logger } = this.#ports;
    const { signal } = this.#over;
    const { partition } = this.#state.settings;
    return retrying(clock, () => log.append({ kind: "checkpoint", partition }, key, payload, { signal }), {
      signal,
      onFailure: (error, attempt) => logger.warn({ partition, code: error.code, attempt }, messageOf(error)),
    });
  }

  #finish(round: CheckpointRound): void {
    round.end(this.#state);
    round.isClosing = true;
    const closing = this.#complete(round).finally(() => {
      this.#rounds.delete(round);
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  async #complete(round: CheckpointRound): Promise<void> {
    const { partition } = this.#state.settings;
    const { logger } = this.#ports;
    try {
      const manifest = await round.manifest(partition);
      const position = await this.#append(round.key, await packManifest(manifest));
      const { beginPosition, endPosition } = manifest;
      const nodes = manifest.nodes.length;
      logger.debug(
        { partition, position, nodes, from: `${beginPosition}`, to: `${endPosition}` },
        "checkpoint written",
      );
    } catch (error) {
      if (this.#over.signal.aborted) return;
      const code = error instanceof OperatingError ? error.code : undefined;
      logger.warn({ partition, code }, `no checkpoint, the next is tried later: ${messageOf(error)}`);
    }
  }
}

function foldedOf({ fold }: PartitionNode): Folded {
  const { pages, runq, gc } = fold.accounts;
  const events = pages.balance().folded + runq.balance().folded + gc.balance().folded;
  return { batches: fold.batches.folded, events };
}
