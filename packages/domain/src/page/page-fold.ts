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
import { decodeMessage } from "../state/message.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { encodePageMapRuns } from "../wire/page-map-runs.ts";
import { PAGE_EVENT_KINDS, type PageColumns } from "./columns.ts";
import { unusableFreeSpaceIndex } from "./measures.ts";
import { ObservationFold } from "./observation-fold.ts";
import { PageMap } from "./page-map.ts";
import { PageState } from "./page-state.ts";
import { anomalyOf, nextStateIndex, nextStates, PAGE_ANOMALIES, PageAnomaly } from "./transitions.ts";
import type { ZoneJournal } from "./zone-journal.ts";
import type { KnownState } from "./zone-map.ts";
import type { ZoneSegment } from "./zone-segments.ts";

/** Page events that the journal of one observation holds, unless told otherwise. */
export const JOURNAL_EVENTS_MAX = 4 * 2 ** 20;

/** Events whose memory is fetched at once, ahead of applying them: about as many reads as a CPU core keeps in flight. */
const PREFETCHED_EVENTS = 32;

export interface PageFoldOptions {
  /** Page events that are kept while an observation runs, 16 bytes each. Default JOURNAL_EVENTS_MAX. */
  readonly journalEventsMax?: number;
}

type ZoneReading = MemoryGauges["zones"][number];

/**
 * The memory of one node in one boot, rebuilt from its page events and observations in the order of the log. The same
 * input gives the same state, bit for bit. After a boot take a new one: ticks and frames start over.
 * Memory: 128 KiB per GiB of the node; while an observation runs up to as much again, and its journal.
 */
export class PageFold {
  readonly #journalEventsMax: number;
  readonly #kinds = new Float64Array(PAGE_EVENT_KINDS);
  readonly #anomalies = new Float64Array(PAGE_ANOMALIES);
  #facts: NodeFacts | null = null;
  #map: PageMap | null = null;
  #observations: ObservationFold | null = null;
  #nextStates = nextStates(0);
  #readings: readonly ZoneReading[] = [];
  #observed = false;
  #newestTick = 0;
  #settledEvents = 0;
  /** Where the reads of ZoneMap.prefetch go. */
  #prefetched = 0;

  constructor(options: PageFoldOptions = {}) {
    this.#journalEventsMax = options.journalEventsMax ?? JOURNAL_EVENTS_MAX;
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
    const [alloc, free, drain, refill, extfrag] = Array.from(this.#kinds, BigInt);
    const anomalies = Array.from(this.#anomalies, BigInt);
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
    if (map === null || map.maxOrder !== facts.maxOrder) map = new PageMap(facts.maxOrder);
    const kept = map.setZones(facts.zones);
    if (map !== this.#map) {
      this.#map = map;
      this.#observations = new ObservationFold(map, this.#journalEventsMax);
    } else if (!kept) {
      this.#observations?.reset();
    }
    this.#nextStates = nextStates(facts.pcpOrderMask);
    this.#facts = facts;
  }

  /** Applies events in ring order. 15 to 50 ns each, by how much of the map is in the CPU's caches. */
  applyEvents(columns: PageColumns): void {
    const { tick: ticks, pfn: pfns, kind: kinds, order: orders, length } = columns;
    const counts = this.#kinds;
    const states = this.#nextStates;
    const maxOrder = this.#map?.maxOrder ?? 0;
    const observations = this.#observations;
    const budget = observations?.budget ?? null;
    const lateBefore = observations?.lateBefore ?? Number.NEGATIVE_INFINITY;
    let newest = this.#newestTick;
    let segment: ZoneSegment | null = null;
    let journal: ZoneJournal | null = null;
    for (let index = 0; index < length; index++) {
      if (index % PREFETCHED_EVENTS === 0 && segment !== null) {
        this.#prefetched |= segment.zone.prefetch(pfns, orders, index, Math.min(length, index + PREFETCHED_EVENTS));
      }
      const tick = ticks[index];
      const pfn = pfns[index];
      const kind = kinds[index];
      const order = orders[index];
      counts[kind]++;
      if (tick > newest) newest = tick;
      if (segment === null || pfn < segment.first || pfn >= segment.end) {
        segment = this.#map?.segmentAt(pfn) ?? null;
        journal = segment === null ? null : (observations?.journalOf(segment.zone) ?? null);
      }
      if (segment === null || order > maxOrder || !isBlockIn(segment, pfn, order)) {
        this.#anomalies[PageAnomaly.OutOfRange]++;
        continue;
      }
      if (tick < lateBefore && journal !== null && observations?.isSettled(journal, pfn, order, tick)) {
        this.#settledEvents++;
        continue;
      }
      const state = states[nextStateIndex(kind, order)] as KnownState;
      if (budget !== null) journal?.note(pfn, order, state, tick, budget);
      const anomaly = anomalyOf(kind, segment.zone.set(pfn, order, state));
      if (anomaly >= 0) this.#anomalies[anomaly]++;
    }
    this.#newestTick = newest;
  }

  /**
   * Merges one part of what the kernel says of its frames: see {@link ObservationFold}.
   * @returns at the last part, how well the model agreed with the kernel before it was corrected; else null.
   * @throws {WireFormatError} malformed or over-limit; nothing has been changed then.
   */
  applyObservation(part: Observation): Omit<Agreement, "atMs"> | null {
    const outcome = this.#observations?.apply(part) ?? null;
    if (outcome === null) return null;
    const managed = (this.#facts?.zones ?? []).reduce((sum, zone) => sum + zone.managed, 0);
    if (outcome.covered >= managed) this.#observed = true;
    return outcome.agreement;
  }

  /** Keeps the kernel's own numbers, to be shown beside ours. */
  applyGauges(gauges: MemoryGauges): void {
    this.#readings = gauges.zones;
  }

  /** Every zone as it is now; plain ZoneMemory. O(zones). */
  zones(): ZoneMemory[] {
    return (this.#facts?.zones ?? []).map((zone, index) => {
      const memory = this.#map?.zones[index];
      const reading = this.#readings.find(({ name, numaNode }) => name === zone.name && numaNode === zone.numaNode);
      const freeBlocks = Array.from(memory?.freeBlocks.subarray(0, memory.maxOrder + 1) ?? []);
      return {
        $typeName: "farmscope.view.v1.ZoneMemory",
        name: zone.name,
        numaNode: zone.numaNode,
        managed: reading?.managed ?? zone.managed,
        freePages: memory?.frames[PageState.Free] ?? 0,
        pcpPages: memory?.frames[PageState.PerCpu] ?? 0,
        allocatedPages: memory?.frames[PageState.Allocated] ?? 0,
        freeBlocks,
        buddyinfo: [...(reading?.freeBlocks ?? [])],
        unusableIndex: freeBlocks.map((_, order) => unusableFreeSpaceIndex(freeBlocks, order)),
        kernelPcpPages: reading?.pcpPages ?? 0,
      };
    });
  }

  /** Writes all of it, for {@link decode}. O(map). */
  encode(into: StateWriter): void {
    into.numbers(this.#kinds);
    into.numbers(this.#anomalies);
    into.flag(this.#observed);
    into.number(this.#newestTick);
    into.number(this.#settledEvents);
    const readings = create(MemoryGaugesSchema, { zones: [...this.#readings] });
    into.bytes(toBinary(MemoryGaugesSchema, readings));
    into.optional(this.#facts, (facts) => {
      into.bytes(toBinary(NodeFactsSchema, facts));
      this.#map?.encode(into);
      this.#observations?.encode(into);
    });
  }

  /**
   * Takes over what {@link encode} wrote; to be called on a new one. O(map).
   * @throws {WireFormatError} malformed or over-limit.
   */
  decode(from: StateReader): void {
    this.#kinds.set(from.numbers());
    this.#anomalies.set(from.numbers());
    this.#observed = from.flag();
    this.#newestTick = from.number();
    this.#settledEvents = from.number();
    this.#readings = decodeMessage(MemoryGaugesSchema, from).zones;
    from.optional(() => {
      const facts = decodeMessage(NodeFactsSchema, from);
      const map = new PageMap(facts.maxOrder);
      map.decode(from);
      this.#map = map;
      this.#observations = new ObservationFold(map, this.#journalEventsMax);
      this.#observations.decode(from);
      this.#nextStates = nextStates(facts.pcpOrderMask);
      this.#facts = facts;
    });
  }

  /** The whole page map in the format of PageMapView.runs, uncompressed; equal maps give equal bytes. O(map). */
  encodeRuns(): Uint8Array {
    return this.#map === null ? new Uint8Array(0) : encodePageMapRuns(this.#map);
  }
}

/** True when (pfn, order) is aligned and lies wholly in the segment that `pfn` lies in. */
function isBlockIn(segment: ZoneSegment, pfn: number, order: number): boolean {
  const frames = 1 << order;
  return (pfn & (frames - 1)) === 0 && pfn + frames <= segment.end;
}
