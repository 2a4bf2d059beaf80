import {
  type Agreement,
  create,
  type MemoryGauges,
  MemoryGaugesSchema,
  type NodeFacts,
  NodeFactsSchema,
  type Observation,
  type PageCounters,
  toBinary,
  type ZoneMemory,
} from "@farmscope/proto";
import type { PageMapForm } from "../kernel/page-kernel.ts";
import { decodeMessage } from "../state/message.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { encodePageMapRuns } from "../wire/page-map-runs.ts";
import { type Blame, blameOf } from "./blame.ts";
import type { BlockSample } from "./block-sample.ts";
import { PAGE_EVENT_KINDS, type PageColumns } from "./columns.ts";
import { ObservationFold } from "./observation-fold.ts";
import { type Lifetime, OwnerTier } from "./owner-tier.ts";
import { type OwnerPages, ownersOf } from "./owners.ts";
import { PageMap } from "./page-map.ts";
import { type KnownState, PageState } from "./page-state.ts";
import { nextStateIndex, nextStates, PAGE_ANOMALIES, PageAnomaly } from "./transitions.ts";
import { type ZoneReading, zoneMemory } from "./zone-memory.ts";
import type { ZoneSegment } from "./zone-segments.ts";

/** Page events that the journal of one observation holds, unless told otherwise. */
export const JOURNAL_EVENTS_MAX = 4 * 2 ** 20;

/** No kind of event: the map passes over what has it. */
const SETTLED = 255;

export interface PageFoldOptions {
  /** Page events that are kept while an observation runs, 16 bytes each. Default JOURNAL_EVENTS_MAX. */
  readonly journalEventsMax?: number;
  /** How much is held of each frame. Default base. */
  readonly form?: PageMapForm;
  /** Blocks whose owners are followed. Default none. */
  readonly owners?: BlockSample | null;
}

/**
 * The memory of one node in one boot, rebuilt from its page events and observations in the order of the log. The same
 * input gives the same state, bit for bit. After a boot take a new one: ticks and frames start over.
 * Memory: 128 KiB per GiB of the node; while an observation runs up to as much again, and its journal.
 */
export class PageFold {
  readonly #journalEventsMax: number;
  readonly #form: PageMapForm;
  readonly #sample: BlockSample | null;
  readonly #counts = { kinds: new Float64Array(PAGE_EVENT_KINDS), anomalies: new Float64Array(PAGE_ANOMALIES) };
  #facts: NodeFacts | null = null;
  #map: PageMap | null = null;
  #observations: ObservationFold | null = null;
  #owners: OwnerTier | null = null;
  #nextStates = nextStates(0);
  #readings: readonly ZoneReading[] = [];
  #observed = false;
  #newestTick = 0;
  #settledEvents = 0;
  #isSampled = false;
  #mayBeWhole = true;

  constructor(options: PageFoldOptions = {}) {
    this.#journalEventsMax = options.journalEventsMax ?? JOURNAL_EVENTS_MAX;
    this.#form = options.form ?? "base";
    this.#sample = options.owners ?? null;
  }

  /** Where the zones lie and all else that the host said of itself; null before it did. */
  get facts(): NodeFacts | null {
    return this.#facts;
  }

  /** False until one observation has described as many frames as the zones manage. */
  get observed(): boolean {
    return this.#observed;
  }

  /** Newest tick of a page event; 0 before the first. */
  get newestTick(): number {
    return this.#newestTick;
  }

  /** Size of the page frame number space that the zones cover: one more than the last frame. */
  get frames(): number {
    return this.#map?.frames ?? 0;
  }

  /** Events that were not applied, since an observation had settled their frames before they arrived. */
  get settledEvents(): number {
    return this.#settledEvents;
  }

  /** Events by kind, applied or not, and illegal transitions; a plain PageCounters. */
  get counters(): PageCounters {
    const [alloc, free, drain, refill, extfrag] = Array.from(this.#counts.kinds, BigInt);
    const anomalies = Array.from(this.#counts.anomalies, BigInt);
    return {
      $typeName: "farmscope.view.v1.PageCounters",
      alloc,
      free,
      drain,
      refill,
      extfrag,
      anomalies: {
        $typeName: "farmscope.view.v1.PageAnomalies",
        allocOfFreeBuddy: anomalies[PageAnomaly.AllocOfFreeBuddy],
        freeOfFree: anomalies[PageAnomaly.FreeOfFree],
        freeOfPcp: anomalies[PageAnomaly.FreeOfPcp],
        drainOfAllocated: anomalies[PageAnomaly.DrainOfAllocated],
        drainOfFree: anomalies[PageAnomaly.DrainOfFree],
        refillOfAllocated: anomalies[PageAnomaly.RefillOfAllocated],
        refillOfPcp: anomalies[PageAnomaly.RefillOfPcp],
        outOfRange: anomalies[PageAnomaly.OutOfRange],
      },
    };
  }

  /**
   * Takes over where the node's zones lie, before any event is applied and whenever it changes. Known frames stay known.
   * @throws {WireFormatError} malformed or over-limit, when no kernel has such zones; nothing has been changed then.
   */
  setFacts(facts: NodeFacts): void {
    let map = this.#map;
    if (map === null || map.maxOrder !== facts.maxOrder) map = new PageMap(facts.maxOrder, this.#form);
    const kept = map.setZones(facts.zones);
    if (map !== this.#map) {
      this.#adopt(map);
    } else if (!kept) {
      this.#observations?.reset();
    }
    this.#setNextStates(map, facts);
    this.#facts = facts;
  }

  /**
   * How many of the blocks the events to come are about: one in so many. As long as it is not all of them, and until an
   * observation after that is over, free blocks are the kernel's own count: the map has seen only some.
   */
  sampledBy(keepOneIn: number): void {
    if (keepOneIn > 1) this.#isSampled = true;
    this.#mayBeWhole = keepOneIn <= 1;
  }

  /** Applies events in ring order. 10 to 30 ns each, by how much of the map is in the CPU's caches. */
  applyEvents(columns: PageColumns): void {
    const { pfn, order, length } = columns;
    const oldestTick = this.#passTicks(columns);
    const map = this.#map;
    if (map === null) {
      for (let index = 0; index < length; index++) this.#counts.kinds[columns.kind[index]]++;
      this.#counts.anomalies[PageAnomaly.OutOfRange] += length;
      return;
    }
    const observations = this.#observations;
    const isQuiet = observations === null || (observations.budget === null && oldestTick >= observations.lateBefore);
    const kind = isQuiet ? columns.kind : this.#witness(map, observations, columns);
    map.apply(pfn, kind, order, length, this.#counts, (index) => this.#owners?.apply(columns, index));
  }

  /**
   * Merges one part of what the kernel says of its frames: see {@link ObservationFold}.
   * @returns at the last part, how well the model agreed with the kernel before it was corrected; else null.
   * @throws {WireFormatError} malformed or over-limit; nothing has been changed then.
   */
  applyObservation(part: Observation): Omit<Agreement, "atMs"> | null {
    const outcome = this.#observations?.apply(part) ?? null;
    this.#disown(part);
    if (outcome === null) return null;
    const managed = (this.#facts?.zones ?? []).reduce((sum, zone) => sum + zone.managed, 0);
    if (outcome.covered >= managed) {
      this.#observed = true;
      if (this.#mayBeWhole) this.#isSampled = false;
    }
    return outcome.agreement;
  }

  /** Lifetimes that ended in blocks whose owners are followed, since the last call. */
  takeLifetimes(): readonly Lifetime[] {
    return this.#owners?.takeEnded() ?? [];
  }

  /** The owners that hold most memory, most first, as far as the blocks that are followed tell. */
  owners(ownersMax: number): readonly OwnerPages[] {
    return this.#map === null || this.#owners === null ? [] : ownersOf(this.#map, this.#owners, ownersMax);
  }

  /**
   * Who keeps blocks of an order from being free; null before the zones are known, and when no owners are followed.
   * Cost: one pass over the frames of the sample.
   */
  blame(order: number): Blame | null {
    return this.#map === null || this.#owners === null
      ? null
      : blameOf(this.#map, this.#owners, order, this.#newestTick);
  }

  /** Keeps the kernel's own numbers, to be shown beside ours. */
  applyGauges(gauges: MemoryGauges): void {
    this.#readings = gauges.zones;
  }

  /** Every zone as it is now; plain ZoneMemory. O(zones). */
  zones(): ZoneMemory[] {
    return (this.#facts?.zones ?? []).map((zone, index) => {
      const reading = this.#readings.find(({ name, numaNode }) => name === zone.name && numaNode === zone.numaNode);
      return zoneMemory(zone, this.#map?.zones[index] ?? null, reading ?? null, this.#isSampled);
    });
  }

  /** Writes all of it, for {@link decode}. O(map). */
  encode(into: StateWriter): void {
    into.numbers(this.#counts.kinds);
    into.numbers(this.#counts.anomalies);
    for (const flag of [this.#observed, this.#isSampled, this.#mayBeWhole]) into.flag(flag);
    into.number(this.#newestTick);
    into.number(this.#settledEvents);
    const readings = create(MemoryGaugesSchema, { zones: [...this.#readings] });
    into.bytes(toBinary(MemoryGaugesSchema, readings));
    into.optional(this.#facts, (facts) => {
      into.bytes(toBinary(NodeFactsSchema, facts));
      this.#map?.encode(into);
      this.#observations?.encode(into);
      this.#owners?.encode(into);
    });
  }

  /**
   * Takes over what {@link encode} wrote; to be called on a new one. O(map).
   * @throws {WireFormatError} malformed or over-limit.
   */
  decode(from: StateReader): void {
    this.#counts.kinds.set(from.numbers());
    this.#counts.anomalies.set(from.numbers());
    [this.#observed, this.#isSampled, this.#mayBeWhole] = [from.flag(), from.flag(), from.flag()];
    this.#newestTick = from.number();
    this.#settledEvents = from.number();
    this.#readings = decodeMessage(MemoryGaugesSchema, from).zones;
    from.optional(() => {
      const facts = decodeMessage(NodeFactsSchema, from);
      const map = new PageMap(facts.maxOrder, this.#form);
      map.decode(from);
      this.#adopt(map).decode(from);
      this.#owners?.decode(from);
      this.#setNextStates(map, facts);
      this.#facts = facts;
    });
  }

  /** The whole page map in the format of PageMapView.runs, uncompressed; equal maps give equal bytes. O(map). */
  encodeRuns(): Uint8Array {
    return this.#map === null ? new Uint8Array(0) : encodePageMapRuns(this.#map);
  }

  #adopt(map: PageMap): ObservationFold {
    const observations = new ObservationFold(map, this.#journalEventsMax);
    this.#map = map;
    this.#observations = observations;
    if (this.#sample !== null) {
      map.keep(this.#sample);
      this.#owners = new OwnerTier(this.#sample, map.maxOrder);
    }
    return observations;
  }

  /** Whoever seemed to hold frames that the kernel says are not handed out has given them back unseen. */
  #disown({ chunks }: Observation): void {
    const [map, owners] = [this.#map, this.#owners];
    if (map === null || owners === null) return;
    const frames = 2 ** map.maxOrder;
    for (const { firstPfn, count } of chunks) {
      for (let block = Math.floor(firstPfn / frames); block * frames < firstPfn + count; block++) {
        const owned = owners.block(block);
        for (let at = 0; owned !== undefined && at < frames; at++) {
          const pfn = block * frames + at;
          if (owned.what[at] > 0 && map.blockAt(pfn).state !== PageState.Allocated) owners.forget(pfn);
        }
      }
    }
  }

  #setNextStates(map: PageMap, { pcpOrderMask }: NodeFacts): void {
    this.#nextStates = nextStates(pcpOrderMask);
    map.setNextStates(this.#nextStates);
  }

  /** Takes note of the newest tick. @returns the oldest of these events. */
  #passTicks({ tick, length }: PageColumns): number {
    let oldest = Number.POSITIVE_INFINITY;
    let newest = this.#newestTick;
    for (let index = 0; index < length; index++) {
      const at = tick[index];
      if (at > newest) newest = at;
      if (at < oldest) oldest = at;
    }
    this.#newestTick = newest;
    return oldest;
  }

  /**
   * Tells observations of events that are about to be applied, while one runs or when some are late.
   * @returns the kinds of the events; of those that an observation has settled, and that must not be applied, none.
   */
  #witness(map: PageMap, observations: ObservationFold, columns: PageColumns): Uint8Array {
    const { tick: ticks, pfn: pfns, kind: kinds, order: orders, length } = columns;
    const { budget, lateBefore } = observations;
    const witnessed = kinds.slice(0, length);
    let segment: ZoneSegment | null = null;
    for (let index = 0; index < length; index++) {
      const [tick, pfn, order] = [ticks[index], pfns[index], orders[index]];
      if (segment === null || pfn < segment.first || pfn >= segment.end) segment = map.segmentAt(pfn);
      if (segment === null || order > map.maxOrder || !isBlockIn(segment, pfn, order)) continue;
      const journal = observations.journalOf(segment.zone);
      if (tick < lateBefore && observations.isSettled(journal, pfn, order, tick)) {
        this.#settledEvents++;
        this.#counts.kinds[kinds[index]]++;
        witnessed[index] = SETTLED;
        continue;
      }
      const state = this.#nextStates[nextStateIndex(kinds[index], order)] as KnownState;
      if (budget !== null) journal.note(pfn, order, state, tick, budget);
    }
    return witnessed;
  }
}

/** True when (pfn, order) is aligned and lies wholly in the segment that `pfn` lies in. */
function isBlockIn(segment: ZoneSegment, pfn: number, order: number): boolean {
  const frames = 1 << order;
  return (pfn & (frames - 1)) === 0 && pfn + frames <= segment.end;
}
