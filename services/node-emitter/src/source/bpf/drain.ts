import { PageColumns, RunqColumns, TICK_NS } from "@farmscope/domain";
import type { NodeSink } from "../port.ts";
import type { CgroupNeeds } from "./cgroup-names.ts";
import { decodePages, decodePause, decodeRunq } from "./decode.ts";
import type { KernelGroup } from "./kernel-group.ts";
import type { FrameRange } from "./memory-layout.ts";
import type { Groups } from "./stream-balance.ts";

/** Moves what the rings hold into a sink: one native call for each ring, then columns at a time. */
export class Drain {
  readonly #groups: Groups;
  readonly #sink: NodeSink;
  readonly #cgroups: CgroupNeeds;
  readonly #onIsolated: (range: FrameRange) => void;
  readonly #pages = new PageColumns();
  readonly #runq = new RunqColumns();

  /** @param onIsolated is told where compaction took pages. */
  constructor(groups: Groups, sink: NodeSink, cgroups: CgroupNeeds, onIsolated: (range: FrameRange) => void) {
    this.#onIsolated = onIsolated;
    this.#groups = groups;
    this.#sink = sink;
    this.#cgroups = cgroups;
  }

  /** One poll of every ring. @returns events moved. */
  all(): number {
    const { runq, gc } = this.#groups;
    return this.pages() + (runq === null ? 0 : this.#pourRunq(runq)) + (gc === null ? 0 : this.#pourPauses(gc));
  }

  /** One poll of the ring of page events. @returns events moved. */
  pages(): number {
    const { pages } = this.#groups;
    const count = pages.poll();
    for (let from = 0; from < count; from += this.#pages.capacity) {
      decodePages(pages.words, from, Math.min(this.#pages.capacity, count - from), this.#pages, this.#cgroups);
      this.#sink.pages(this.#pages);
    }
    for (const range of pages.isolated()) {
      this.#sink.compaction({
        firstPfn: range.first,
        count: range.end - range.first,
        tick: BigInt(Math.floor(range.timeNs / TICK_NS)),
      });
      this.#onIsolated(range);
    }
    return count;
  }

  #pourRunq(runq: KernelGroup): number {
    const count = runq.poll();
    for (let from = 0; from < count; from += this.#runq.capacity) {
      decodeRunq(runq.words, from, Math.min(this.#runq.capacity, count - from), this.#runq, this.#cgroups);
      this.#sink.runq(this.#runq);
    }
    return count;
  }

  #pourPauses(gc: KernelGroup): number {
    const count = gc.poll();
    for (let index = 0; index < count; index++) {
      const pause = decodePause(gc.words, gc.bytes, index);
      this.#cgroups.need(pause.cgroup);
      this.#sink.gcPause(pause);
    }
    return count;
  }
}
