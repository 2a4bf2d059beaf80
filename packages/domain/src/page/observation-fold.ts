import type { Agreement, Observation, ObservationChunk } from "@farmscope/proto";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { TICKS_PER_MS } from "../time.ts";
import {
  decodeObservationRuns,
  forEachObservationRun,
  OBSERVATION_CHUNK_FRAMES_MAX,
} from "../wire/observation-runs.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import type { PageMap } from "./page-map.ts";
import { PageState, stateOfByte } from "./page-state.ts";
import { isObservedFree, mergeTile, type ObservedTile } from "./tile-merge.ts";
import { changedFrame, changedOrder, type JournalBudget, type TouchedTile, ZoneJournal } from "./zone-journal.ts";
import type { ZoneMap } from "./zone-map.ts";
import type { ZoneSegment } from "./zone-segments.ts";

/**
 * How far before a chunk was read events may still be missing from it: some tracepoints fire before the kernel's lists
 * change (FREE and DRAIN do), and their task may be preempted in between.
 */
export const OBSERVATION_MARGIN_TICKS = 10 * TICKS_PER_MS;

/** Wrong frames that are remembered, so that an event which explains one can still arrive. */
const WRONG_FRAMES_MAX = 1 << 16;

/** An observation between its first and its last part. */
interface Running {
  readonly id: number;
  readonly budget: JournalBudget;
  /** Frames in chunks so far. */
  covered: number;
  compared: number;
  wrong: number;
  ambiguous: number;
  /** The newest end_tick of a chunk so far. */
  endTick: number;
  /** Wrong frames, with the end_tick of their chunk. */
  readonly wrongFrames: Map<number, number>;
}

/** What an observation came to. */
export interface ObservationOutcome {
  readonly agreement: Omit<Agreement, "atMs">;
  /** Frames that it described. */
  readonly covered: number;
}

/**
 * Merges what the kernel says of its frames into a page map that events keep changing meanwhile.
 *
 * A chunk describes frames as they were at its tick, but the map has moved on when it is folded. So, from the first part
 * of an observation on, events are journalled by tile. For each tile of a chunk: the tile is rewound to the chunk's tick
 * less a margin, compared with the chunk (frames that events touched between there and the end of the read are
 * ambiguous), corrected, and the events since are applied again. Events older than that which arrive later are settled:
 * the chunk has them already.
 *
 * An emitter serves this best by logging the first part, which may be empty, a margin ahead of the first read, and every
 * event that came before a chunk's end ahead of the chunk. Neither is needed for the map to come out right in the end.
 */
export class ObservationFold {
  readonly #map: PageMap;
  readonly #journalEventsMax: number;
  readonly #journals = new Map<ZoneMap, ZoneJournal>();
  readonly #model: Uint8Array;
  readonly #observed: Uint8Array;
  readonly #ambiguous: Uint8Array;
  #classes = new Uint8Array(0);
  #running: Running | null = null;
  #settledBefore = Number.NEGATIVE_INFINITY;

  /** @param journalEventsMax page events that one observation's journal may hold, 16 bytes each. */
  constructor(map: PageMap, journalEventsMax: number) {
    this.#map = map;
    this.#journalEventsMax = journalEventsMax;
    const tileFrames = 2 ** map.maxOrder;
    this.#model = new Uint8Array(tileFrames);
    this.#observed = new Uint8Array(tileFrames);
    this.#ambiguous = new Uint8Array(tileFrames);
  }

  /** Where events have to be noted, or null while no observation runs. */
  get budget(): JournalBudget | null {
    return this.#running?.budget ?? null;
  }

  /** Only events before this tick can be late: for all others {@link isSettled} is false and need not be asked. */
  get lateBefore(): number {
    return Math.max(this.#settledBefore, this.#running === null ? this.#settledBefore : this.#running.endTick + 1);
  }

  journalOf(zone: ZoneMap): ZoneJournal {
    let journal = this.#journals.get(zone);
    if (journal === undefined) {
      journal = new ZoneJournal(zone);
      this.#journals.set(zone, journal);
    }
    return journal;
  }

  /** True when the kernel's word on these frames is younger than the event, which must then not be applied. */
  isSettled(journal: ZoneJournal, pfn: number, order: number, tick: number): boolean {
    if (this.#running !== null) this.#excuse(this.#running, pfn, order, tick);
    return journal.isSettled(pfn, tick);
  }

  /** Zones were made anew: what is known of their frames' past is void, and an observation that runs is abandoned. */
  reset(): void {
    this.#running = null;
    this.#journals.clear();
    this.#settledBefore = Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes one part. Parts whose first part never came are ignored; a new first part abandons what came before.
   * @returns the outcome at the last part, else null.
   * @throws {WireFormatError} malformed or over-limit; nothing has been changed then.
   */
  apply(part: Observation): ObservationOutcome | null {
    for (const chunk of part.chunks) checkChunk(chunk);
    if (part.begin) this.#begin(part.id);
    const running = this.#running;
    if (running === null || running.id !== part.id) return null;
    for (const chunk of part.chunks) this.#applyChunk(running, chunk);
    return part.end ? this.#end(running, part) : null;
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.number(this.#settledBefore);
    into.optional(this.#running, (running) => encodeRunning(running, into));
    for (const zone of this.#map.zones) into.optional(this.#journals.get(zone) ?? null, (some) => some.encode(into));
  }

  /** Takes over what {@link encode} wrote; to be called on a new one with the same map. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.#settledBefore = from.number();
    this.#running = from.optional(() => decodeRunning(from));
    for (const zone of this.#map.zones) from.optional(() => this.journalOf(zone).decode(from));
  }

  #begin(id: number): void {
    for (const journal of this.#journals.values()) journal.clear();
    this.#running = {
      id,
      budget: { eventsLeft: this.#journalEventsMax },
      covered: 0,
      compared: 0,
      wrong: 0,
      ambiguous: 0,
      endTick: Number.NEGATIVE_INFINITY,
      wrongFrames: new Map(),
    };
  }

  #end(running: Running, part: Observation): ObservationOutcome {
    for (const journal of this.#journals.values()) journal.clear();
    this.#running = null;
    return {
      agreement: {
        $typeName: "farmscope.view.v1.Agreement",
        observationId: running.id,
        reason: part.reason,
        frames: BigInt(running.compared),
        wrong: BigInt(running.wrong),
        ambiguous: BigInt(running.ambiguous),
      },
      covered: running.covered,
    };
  }

  #applyChunk(running: Running, chunk: ObservationChunk): void {
    const end = chunk.firstPfn + chunk.count;
    if (chunk.count > this.#classes.length) this.#classes = new Uint8Array(chunk.count);
    decodeObservationRuns(chunk.runs, chunk.count, this.#classes);
    running.endTick = Math.max(running.endTick, Number(chunk.endTick));
    for (const segment of this.#map.segments) {
      const last = Math.min(end, segment.end);
      let pfn = Math.max(chunk.firstPfn, segment.first);
      while (pfn < last) pfn = this.#applyTile(running, chunk, segment, pfn, last);
    }
  }

  /** Merges the frames of [pfn, end) that lie in one tile. @returns the frame behind them. */
  #applyTile(running: Running, chunk: ObservationChunk, segment: ZoneSegment, pfn: number, end: number): number {
    const { zone } = segment;
    const number = zone.tileOf(pfn);
    const tilePfn = zone.tilePfn(number);
    const tileEnd = Math.min(end, tilePfn + this.#model.length);
    const journal = this.journalOf(zone);
    const touched = journal.touchedTile(number);
    running.covered += tileEnd - pfn;
    if (touched?.overflowed) {
      running.ambiguous += tileEnd - pfn;
      return tileEnd;
    }
    const cut = Number(chunk.tick) - OBSERVATION_MARGIN_TICKS;
    if (touched !== undefined) journal.rewind(number, touched, cut);
    zone.expandTile(number, this.#model);
    this.#observed.set(this.#classes.subarray(pfn - chunk.firstPfn, tileEnd - chunk.firstPfn), pfn - tilePfn);
    const tile = { zone, pfn: tilePfn, model: this.#model, observed: this.#observed };
    const described = { ...tile, first: pfn - tilePfn, end: tileEnd - tilePfn };
    this.#markAmbiguous(touched, cut, Number(chunk.endTick));
    this.#compare(running, described, Number(chunk.endTick));
    mergeTile(described);
    if (touched !== undefined) journal.resume(number, touched, cut);
    // A tile described in part keeps its older time: a late event is then applied once too often rather than never.
    if (isWholeTile(segment, described)) this.#settle(journal, number, cut);
    return tileEnd;
  }

  #settle(journal: ZoneJournal, tile: number, tick: number): void {
    journal.settle(tile, tick);
    journal.zone.markObserved(tile);
    this.#settledBefore = Math.max(this.#settledBefore, tick);
  }

  #markAmbiguous(touched: TouchedTile | undefined, from: number, to: number): void {
    this.#ambiguous.fill(0);
    if (touched === undefined) return;
    for (let at = 0; at < touched.events.length; at += 2) {
      const tick = touched.events[at];
      if (tick < from || tick > to) continue;
      const frame = changedFrame(touched.events[at + 1]);
      this.#ambiguous.fill(1, frame, frame + 2 ** changedOrder(touched.events[at + 1]));
    }
  }

  /** Frames of which nothing was known are not compared. */
  #compare(running: Running, tile: ObservedTile, endTick: number): void {
    for (let at = tile.first; at < tile.end; at++) {
      const state = stateOfByte(tile.model[at]);
      if (this.#ambiguous[at] === 1) {
        running.ambiguous++;
      } else if (state !== PageState.Unknown) {
        running.compared++;
        if ((state === PageState.Free) === isObservedFree(tile.observed[at])) continue;
        running.wrong++;
        if (running.wrongFrames.size < WRONG_FRAMES_MAX) running.wrongFrames.set(tile.pfn + at, endTick);
      }
    }
  }

  /** An event of before the end of a chunk's read arrives behind the chunk: frames it explains were not wrong. */
  #excuse(running: Running, pfn: number, order: number, tick: number): void {
    if (running.wrongFrames.size === 0) return;
    for (let frame = pfn; frame < pfn + 2 ** order; frame++) {
      const endTick = running.wrongFrames.get(frame);
      if (endTick === undefined || tick > endTick) continue;
      running.wrongFrames.delete(frame);
      running.compared--;
      running.wrong--;
      running.ambiguous++;
    }
  }
}

function encodeRunning(running: Running, into: StateWriter): void {
  const { id, budget, covered, compared, wrong, ambiguous, endTick, wrongFrames } = running;
  for (const value of [id, budget.eventsLeft, covered, compared, wrong, ambiguous, endTick]) into.number(value);
  into.list(wrongFrames, ([frame, tick]) => {
    into.count(frame);
    into.number(tick);
  });
}

function decodeRunning(from: StateReader): Running {
  const one = (): number => from.number();
  return {
    id: one(),
    budget: { eventsLeft: one() },
    covered: one(),
    compared: one(),
    wrong: one(),
    ambiguous: one(),
    endTick: one(),
    wrongFrames: new Map(from.list((): [number, number] => [from.count(), one()])),
  };
}

function checkChunk({ count, runs }: ObservationChunk): void {
  if (count > OBSERVATION_CHUNK_FRAMES_MAX) {
    throw new WireFormatError("over-limit", `an observation chunk of ${count} frames`);
  }
  forEachObservationRun(runs, count, () => {});
}

function isWholeTile({ first, end }: ZoneSegment, { pfn, model, first: from, end: to }: ObservedTile): boolean {
  return from === Math.max(0, first - pfn) && to === Math.min(model.length, end - pfn);
}
