import type { FarmWindow, NodeWindow, PartialWindow } from "@farmscope/proto";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { farmWindow } from "./farm-window.ts";

/** What was written of a farm's window. */
interface Written {
  /** Number of records; the next one's revision. */
  readonly records: number;
  /** Coverage in the newest one. */
  readonly coverage: number;
}

/** The parts of a partial that is written in several. */
interface Parts {
  readonly revision: number;
  readonly found: Map<number, readonly NodeWindow[]>;
}

/** One window of 10 s on its way to be merged. */
export class MergingWindow {
  readonly startMs: number;
  /** Append time and position of its first partial. */
  readonly firstAppendMs: number;
  readonly firstPosition: number;
  closed = false;
  /** Newest revision by partition. */
  readonly revisions = new Map<number, number>();
  readonly #nodes = new Map<string, Map<string, NodeWindow>>();
  readonly #parts = new Map<number, Parts>();
  readonly #written = new Map<string, Written>();

  constructor(startMs: number, firstAppendMs: number, firstPosition: number) {
    this.startMs = startMs;
    this.firstAppendMs = firstAppendMs;
    this.firstPosition = firstPosition;
  }

  /** Farms that have nodes in it. */
  get farms(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** The nodes of a partial, when it has come in all its parts; null when it has not, or was seen before. */
  collect(partial: PartialWindow): readonly NodeWindow[] | null {
    const { partition, revision, part, parts } = partial;
    const known = this.revisions.get(partition);
    if (known !== undefined && revision <= known) return null;
    if (parts <= 1) return partial.nodes;
    const started = this.#parts.get(partition);
    const entry =
      started?.revision === revision ? started : { revision, found: new Map<number, readonly NodeWindow[]>() };
    this.#parts.set(partition, entry);
    entry.found.set(part, partial.nodes);
    if (entry.found.size < parts) return null;
    this.#parts.delete(partition);
    return [...entry.found].sort(([a], [b]) => a - b).flatMap(([, nodes]) => nodes);
  }

  /** Takes the nodes of a partial that {@link collect} gave. */
  put({ partition, revision }: PartialWindow, nodes: readonly NodeWindow[]): void {
    this.revisions.set(partition, revision);
    for (const node of nodes) {
      const farm = this.#nodes.get(node.farm) ?? new Map<string, NodeWindow>();
      this.#nodes.set(node.farm, farm);
      farm.set(node.node, slim(node));
    }
  }

  /** A farm's window as it is now. */
  windowOf(farm: string, partitions: number): FarmWindow {
    const numbers = Array.from({ length: partitions }, (_, partition) => partition);
    return farmWindow({
      farm,
      startMs: this.startMs,
      revision: this.#written.get(farm)?.records ?? 0,
      nodes: [...(this.#nodes.get(farm)?.values() ?? [])],
      partitionsUsed: numbers.filter((partition) => this.revisions.has(partition)),
      partitionsMissing: numbers.filter((partition) => !this.revisions.has(partition)),
    });
  }

  /** A farm's window as it was written last; null when it never was. To be asked for before nodes are put. */
  writtenOf(farm: string, partitions: number): FarmWindow | null {
    const written = this.#written.get(farm);
    return written === undefined ? null : { ...this.windowOf(farm, partitions), coverage: written.coverage };
  }

  /** The next record of a farm. */
  write(farm: string, partitions: number): FarmWindow {
    const window = this.windowOf(farm, partitions);
    this.#written.set(farm, { records: window.revision + 1, coverage: window.coverage });
    return window;
  }

  /** Writes all but the nodes, which stand in the log, for {@link decode}. */
  encode(into: StateWriter): void {
    into.flag(this.closed);
    into.list(this.revisions, ([partition, revision]) => {
      into.count(partition);
      into.count(revision);
    });
    into.list(this.#written, ([farm, { records, coverage }]) => {
      into.text(farm);
      into.count(records);
      into.number(coverage);
    });
  }

  /** Takes over what {@link encode} wrote. The nodes that were collected from the log stay. */
  decode(from: StateReader): void {
    this.closed = from.flag();
    this.revisions.clear();
    from.list(() => this.revisions.set(from.count(), from.count()));
    this.#written.clear();
    from.list(() => this.#written.set(from.text(), { records: from.count(), coverage: from.number() }));
  }
}

/** A node's window without what no farm's record is made of. */
function slim(node: NodeWindow): NodeWindow {
  node.cgroups = [];
  for (const zone of node.zones) {
    zone.buddyinfo = [];
    zone.unusableIndex = [];
  }
  return node;
}
