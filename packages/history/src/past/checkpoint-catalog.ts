import type { EventLog, StreamName } from "@farmscope/log";
import type { CheckpointManifest } from "@farmscope/proto";
import { readManifest } from "../checkpoint/checkpoint-reader.ts";
import { MANIFEST_KEY, MOMENT_KEY } from "../checkpoint/sections.ts";
import { keyedRecords } from "./keyed-records.ts";
import type { Moment } from "./moment.ts";

/** What is kept of a set: enough to choose by. */
interface Entry {
  /** Position of its manifest in fs.ckpt. */
  readonly place: number;
  /** Whether it names all nodes that there were. */
  readonly isComplete: boolean;
  readonly begin: number;
  readonly end: number;
  readonly watermarkMs: number;
}

const KEYS = [MANIFEST_KEY, MOMENT_KEY] as const;
/** Manifests kept whole; they name every node of the partition. */
const MANIFESTS_KEPT = 8;
/** Sets behind the one that is old enough for sure that are looked into for one that is, too. */
const LOOKED_AHEAD_MAX = 8;
/** Times invert by microseconds within a ring: an event may be stamped a little later than its node's newest one. */
const INVERSION_MS = 10;
/** A manifest that is known to be there takes no longer than this, in milliseconds; else it is gone. */
const MANIFEST_WAIT_MS = 5_000;
/** Little is read ahead when one record is wanted. */
const MANIFEST_BUFFER_BYTES = 65_536;

/** Knows which checkpoints of a partition there are, so that a question about the past reads one manifest, not all. */
export class CheckpointCatalog {
  readonly #log: EventLog;
  readonly #stream: StreamName;
  readonly #readThrough = new Map<string, number>();
  readonly #manifests = new Map<number, CheckpointManifest>();
  #entries: Entry[] = [];
  #refreshing: Promise<void> | null = null;

  constructor(log: EventLog, partition: number) {
    this.#log = log;
    this.#stream = { kind: "checkpoint", partition };
  }

  /** Learns of the sets that were written since. Cost: two look-ups when there are none. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  /**
   * Sets with a state of the node from which a moment can be reached, the best first. A set without the node is one of
   * them when it names all nodes that there were.
   * @param first oldest position of fs.ev that is retained.
   */
  async *before(node: string, moment: Moment, first: number): AsyncGenerator<CheckpointManifest> {
    const usable = this.#entries.filter(({ begin }) => begin + 1 >= first);
    const isBefore = ({ end, watermarkMs }: Entry): boolean =>
      moment.kind === "position" ? end <= moment.position : watermarkMs <= moment.ms;
    let newest = usable.findLastIndex(isBefore);
    if (moment.kind === "time") newest = await this.#lookAhead(usable, newest, node, moment.ms);
    for (let at = newest; at >= 0; at--) {
      const entry = usable[at]!;
      const manifest = await this.#manifest(entry);
      if (manifest === null) continue;
      if (entry.isComplete || manifest.nodes.some((one) => one.node === node)) yield manifest;
    }
  }

  /** A position of fs.ev up to which everything was appended before a time: the greatest that a set tells of; 0 when none. */
  endBefore(timeMs: number): number {
    return this.#entries.findLast(({ watermarkMs }) => watermarkMs < timeMs)?.end ?? 0;
  }

  /** A node that lagged behind may have nothing stamped later in sets that were written after the time. */
  async #lookAhead(usable: readonly Entry[], newest: number, node: string, timeMs: number): Promise<number> {
    let found = newest;
    for (let at = newest + 1; at < Math.min(usable.length, newest + 1 + LOOKED_AHEAD_MAX); at++) {
      const entry = (await this.#manifest(usable[at]!))?.nodes.find((one) => one.node === node);
      if (entry === undefined) continue;
      if (entry.lastEventMs === 0n || Number(entry.lastEventMs) + INVERSION_MS > timeMs) break;
      found = at;
    }
    return found;
  }

  async #refresh(): Promise<void> {
    const { first } = await this.#log.positions(this.#stream);
    for (const key of KEYS) {
      const through = (await this.#log.lastOf(this.#stream, key))?.position ?? 0;
      const from = Math.max(first, (this.#readThrough.get(key) ?? 0) + 1);
      if (through < from) continue;
      for await (const record of keyedRecords({ log: this.#log, stream: this.#stream, keys: [key], from, through })) {
        const manifest = await readManifest(record);
        if (manifest === null) continue;
        const [begin, end] = [Number(manifest.beginPosition), Number(manifest.endPosition)];
        const [isComplete, watermarkMs] = [key === MANIFEST_KEY, Number(manifest.watermarkMs)];
        this.#entries.push({ place: record.position, isComplete, begin, end, watermarkMs });
        this.#keep(record.position, manifest);
      }
      this.#readThrough.set(key, through);
    }
    this.#entries = this.#entries.filter(({ place }) => place >= first).sort((a, b) => a.end - b.end);
  }

  /** Null when it is gone. */
  async #manifest({ place }: Entry): Promise<CheckpointManifest | null> {
    const kept = this.#manifests.get(place);
    if (kept !== undefined) return kept;
    const options = { from: place, allowTruncated: true, bufferBytesMax: MANIFEST_BUFFER_BYTES };
    const reader = await this.#log.read(this.#stream, options);
    try {
      const [record] = await reader.next(1, MANIFEST_WAIT_MS);
      if (record?.position !== place) return null;
      const manifest = await readManifest(record);
      if (manifest !== null) this.#keep(place, manifest);
      return manifest;
    } finally {
      await reader.close();
    }
  }

  #keep(place: number, manifest: CheckpointManifest): void {
    this.#manifests.set(place, manifest);
    const oldest = this.#manifests.keys().next();
    if (this.#manifests.size > MANIFESTS_KEPT && !oldest.done) this.#manifests.delete(oldest.value);
  }
}
