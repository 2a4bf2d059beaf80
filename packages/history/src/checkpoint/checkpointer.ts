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
import { MANIFEST_KEY, packManifest, packSection } from "./sections.ts";

/** How often the events of nodes are counted, in milliseconds. */
const COUNT_INTERVAL_MS = 1_000;
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

/**
 * Writes checkpoints of a partition while its fold goes on. Between two pulls it encodes as many nodes as a few
 * milliseconds allow; compressing and appending run beside the fold. A set is complete when its manifest is in the log.
 */
export class Checkpointer {
  readonly #state: PartitionState;
  readonly #ports: CheckpointerPorts;
  readonly #written: Map<string, WrittenMemory>;
  readonly #over = new AbortController();
  #round: CheckpointRound | null = null;
  #closing: Promise<void> | null = null;
  #lastMs: number;
  #countedMs: number;
  /** Events by node when the last round began. */
  #events = new Map<string, number>();

  /** @param written what is in the log already, by node. */
  constructor(state: PartitionState, ports: CheckpointerPorts, written: ReadonlyMap<string, WrittenMemory>) {
    this.#state = state;
    this.#ports = ports;
    this.#written = new Map(written);
    this.#lastMs = ports.clock.monotonicMs();
    this.#countedMs = this.#lastMs;
    this.#events = this.#countEvents();
  }

  /** True while a set is being written, so that it pays to be called again soon. */
  get busy(): boolean {
    return this.#round !== null;
  }

  /** To be called between two pulls: begins a set when one is due, and goes on with it for a few milliseconds. */
  step(): void {
    if (this.#closing !== null || !this.#state.isWhole) return;
    if (this.#round === null && this.#isDue()) this.#begin();
    if (this.#round === null) return;
    this.#encodeSome(this.#round);
    if (this.#round.failure !== null || this.#round.left.length === 0) this.#finish(this.#round);
  }

  /** Resolves when all that was encoded is in the log, or cannot be. */
  async settle(): Promise<void> {
    await this.#round?.settle();
    await this.#closing;
  }

  /** Gives up what is being written: a set without a manifest is never used. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.settle();
  }

  #isDue(): boolean {
    const { limits } = this.#state.settings;
    const nowMs = this.#ports.clock.monotonicMs();
    const ageMs = nowMs - this.#lastMs;
    if (this.#state.pending.position === 0 || ageMs < limits.checkpointIntervalMsMin) return false;
    if (ageMs >= limits.checkpointIntervalMs) return true;
    if (nowMs - this.#countedMs < COUNT_INTERVAL_MS) return false;
    this.#countedMs = nowMs;
    for (const [node, events] of this.#countEvents()) {
      if (events - (this.#events.get(node) ?? 0) >= limits.checkpointEventsMax) return true;
    }
    return false;
  }

  #begin(): void {
    this.#lastMs = this.#ports.clock.monotonicMs();
    this.#events = this.#countEvents();
    this.#round = new CheckpointRound(this.#state);
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
    this.#closing = this.#complete(round).finally(() => {
      this.#round = null;
      this.#closing = null;
    });
  }

  async #complete(round: CheckpointRound): Promise<void> {
    const { partition } = this.#state.settings;
    const { logger } = this.#ports;
    try {
      const manifest = await round.manifest(partition);
      const position = await this.#append(MANIFEST_KEY, await packManifest(manifest));
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

  #countEvents(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { node, fold } of this.#state.nodes.values()) {
      const { pages, runq, gc } = fold.accounts;
      counts.set(node, pages.balance().folded + runq.balance().folded + gc.balance().folded);
    }
    return counts;
  }
}
