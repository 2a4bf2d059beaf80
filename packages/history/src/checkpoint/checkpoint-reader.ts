import type { EventLog, LogRecord } from "@farmscope/log";
import type { CheckpointManifest, CheckpointNode, CheckpointPart, CheckpointPlace } from "@farmscope/proto";
import { MANIFEST_KEY, readCheckpointRecord, unpackSection, unreadable } from "./sections.ts";

const RECORDS_MAX = 64;
/** A record that is known to be there takes no longer than this, in milliseconds; else it is gone. */
const RECORD_WAIT_MS = 5_000;

/** A node's state as it stands in a checkpoint. */
export interface StoredNode {
  readonly entry: CheckpointNode;
  readonly memory: Uint8Array;
  readonly books: Uint8Array;
}

/** Whose turn it is to say whether a checkpoint may be used. */
export type ManifestFilter = (manifest: CheckpointManifest) => boolean;

/** Reads the checkpoints of one partition from fs.ckpt. */
export class CheckpointReader {
  readonly #log: EventLog;
  readonly #partition: number;

  constructor(log: EventLog, partition: number) {
    this.#log = log;
    this.#partition = partition;
  }

  /**
   * Complete sets, newest first, that `accept` takes. The newest one costs one look-up; for all others every manifest is
   * read.
   * @param oldestFirst the other way round.
   */
  async *manifests(accept: ManifestFilter, oldestFirst = false): AsyncGenerator<CheckpointManifest> {
    const stream = { kind: "checkpoint", partition: this.#partition } as const;
    const newest = await this.#log.lastOf(stream, MANIFEST_KEY);
    if (newest === null) return;
    const first = await readManifest(newest);
    if (!oldestFirst && first !== null && accept(first)) yield first;
    const all = await this.#readThrough(newest.position, MANIFEST_KEY);
    for (const record of oldestFirst ? all : all.slice(0, -1).reverse()) {
      const manifest = await readManifest(record);
      if (manifest !== null && accept(manifest)) yield manifest;
    }
  }

  /**
   * The nodes of a set, each as soon as all of it has been read; in the order of the log.
   * @param wanted the nodes to read; all when it is not given.
   * @throws {OperatingError} CHECKPOINT_UNREADABLE when a part is missing or is not what was written.
   */
  async *nodes(manifest: CheckpointManifest, wanted?: ReadonlySet<string>): AsyncGenerator<StoredNode> {
    const nodes = manifest.nodes.filter(({ node }) => wanted === undefined || wanted.has(node));
    const open = new Map<number, PendingNode>();
    for (const entry of nodes) {
      const pending = new PendingNode(entry);
      for (const position of pending.missing) open.set(position, pending);
    }
    if (open.size === 0) return;
    const [from, to] = bounds(open.keys());
    // Of one node alone only its own parts are read, however many others were written between them.
    const key = nodes.length === 1 ? nodes[0]!.node : undefined;
    for await (const record of this.#stream(from, to, key)) {
      const pending = open.get(record.position);
      if (pending === undefined) continue;
      open.delete(record.position);
      if (await pending.take(record)) yield await pending.finish();
    }
    if (open.size > 0) throw unreadable(`${open.size} parts are missing`);
  }

  /** All records with a key; the newest of them stands at `to`. */
  async #readThrough(to: number, key: string): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for await (const record of this.#stream(1, to, key)) records.push(record);
    return records;
  }

  /** What is retained of [from, to]; ends when a record that should be there does not come. */
  async *#stream(from: number, to: number, key?: string): AsyncGenerator<LogRecord> {
    const stream = { kind: "checkpoint", partition: this.#partition } as const;
    const reader = await this.#log.read(stream, { from, allowTruncated: true, ...(key === undefined ? {} : { key }) });
    try {
      for (;;) {
        const records = await reader.next(RECORDS_MAX, RECORD_WAIT_MS);
        if (records.length === 0) return;
        for (const record of records) {
          if (record.position > to) return;
          yield record;
          if (record.position === to) return;
        }
      }
    } finally {
      await reader.close();
    }
  }
}

/** A node of which parts are still to come. */
class PendingNode {
  readonly missing = new Set<number>();
  readonly #entry: CheckpointNode;
  readonly #parts = new Map<number, CheckpointPart>();

  constructor(entry: CheckpointNode) {
    this.#entry = entry;
    for (const place of [entry.memory, entry.books])
      for (const at of place?.positions ?? []) this.missing.add(Number(at));
  }

  /** True when nothing is missing any more. */
  async take(record: LogRecord): Promise<boolean> {
    const part = await readCheckpointRecord(record.payload);
    if (part?.$typeName !== "farmscope.checkpoint.v1.CheckpointPart" || part.node !== this.#entry.node) {
      throw unreadable(`no part of ${this.#entry.node} stands at position ${record.position}`);
    }
    this.#parts.set(record.position, part);
    this.missing.delete(record.position);
    return this.missing.size === 0;
  }

  async finish(): Promise<StoredNode> {
    const [memory, books] = await Promise.all([this.#section(this.#entry.memory), this.#section(this.#entry.books)]);
    return { entry: this.#entry, memory, books };
  }

  #section(place: CheckpointPlace | undefined): Promise<Uint8Array> {
    const { positions = [], sha256 = new Uint8Array(0) } = place ?? {};
    return unpackSection(
      positions.map((position) => this.#parts.get(Number(position))!),
      sha256,
    );
  }
}

/** The manifest that a record of fs.ckpt holds; null when it is none of this fold. */
export async function readManifest(record: LogRecord): Promise<CheckpointManifest | null> {
  const manifest = await readCheckpointRecord(record.payload);
  return manifest?.$typeName === "farmscope.checkpoint.v1.CheckpointManifest" ? manifest : null;
}

function bounds(positions: Iterable<number>): [number, number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, 0];
  for (const position of positions) {
    least = Math.min(least, position);
    greatest = Math.max(greatest, position);
  }
  return [least, greatest];
}
