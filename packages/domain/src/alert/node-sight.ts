/** What a rule can see of a node in a closed window, whichever record it stands in. */
import type {
  CgroupDistribution,
  Distribution as DistributionView,
  FarmNode,
  NodeWindow,
  RedisGauges,
  Signal,
  SignalDistribution,
} from "@farmscope/proto";
import { type BalanceCounts, balanceFromProto, sumBalances } from "../balance.ts";
import { addFreeBlocks, CONTIGUOUS_ZONE, contiguousPagesOf } from "../page/measures.ts";
import { type DecodedDistribution, decodeDistribution } from "./decoded-distribution.ts";

/** Stands in a window for all cgroups that have no line of their own: NodeWindow.cgroups in view.proto. */
const SUMMED_CGROUP = 0;

/** Free memory of a node, over its zones. */
export interface NodeMemory {
  readonly freeBlocks: readonly number[];
  readonly managedPages: number;
  readonly contiguousPages: number;
}

/** A cgroup's distribution of one signal. */
export interface CgroupPart {
  readonly path: string;
  readonly distribution: DecodedDistribution;
}

/**
 * A node in a window: of its own record, or, where that is not at hand, of its line in the farm's record, which has less.
 * What is asked for is decoded at the first question and kept.
 */
export class NodeSight {
  readonly node: string;
  readonly online: boolean;
  /** Share of what should have been seen of it, 0 to 1; 0 when it is offline or unobserved. */
  readonly coverage: number;
  readonly hugeOrder: number;
  /** Index at the huge-page order, when that is all that is known of its memory. */
  readonly indexHuge: number | null;
  /** Append time minus event time of its newest batch in milliseconds; null when it is not known. */
  readonly skewMs: number | null;
  readonly redis: readonly RedisGauges[];
  #window: NodeWindow | null;
  readonly #distributions: readonly SignalDistribution[];
  readonly #cgroups: readonly CgroupDistribution[];
  readonly #decoded = new Map<Signal, DecodedDistribution | null>();
  #memory: NodeMemory | null = null;

  private constructor(parts: {
    readonly node: string;
    readonly online: boolean;
    readonly coverage: number;
    readonly hugeOrder: number;
    readonly indexHuge: number | null;
    readonly window: NodeWindow | null;
    readonly distributions: readonly SignalDistribution[];
  }) {
    this.node = parts.node;
    this.online = parts.online;
    this.coverage = parts.coverage;
    this.hugeOrder = parts.hugeOrder;
    this.indexHuge = parts.indexHuge;
    this.skewMs = parts.window?.skewMs ?? null;
    this.redis = parts.window?.redis ?? [];
    this.#window = parts.window;
    this.#distributions = parts.distributions;
    this.#cgroups = parts.window?.cgroups ?? [];
  }

  /** Of a node's own record. */
  static ofWindow(window: NodeWindow): NodeSight {
    const { node, online, observed, hugeOrder, distributions } = window;
    const coverage = online && observed ? window.coverage : 0;
    return new NodeSight({ node, online, coverage, hugeOrder, indexHuge: null, window, distributions });
  }

  /** Of a node's line in its farm's record. */
  static ofLine(line: FarmNode, hugeOrder: number): NodeSight {
    const { node, online, coverage, distributions } = line;
    const indexHuge = line.managedPages === 0n ? null : line.unusableIndexHuge;
    return new NodeSight({ node, online, coverage, hugeOrder, indexHuge, window: null, distributions });
  }

  /** Null when its own record is not at hand or has no memory. */
  memory(): NodeMemory | null {
    if (this.#window === null) return null;
    this.#memory ??= memoryOf(this.#window);
    return this.#memory.managedPages === 0 ? null : this.#memory;
  }

  /** Events of the window; null when its own record is not at hand. */
  events(): BalanceCounts | null {
    if (this.#window === null) return null;
    const { pages, runq, gc } = this.#window;
    return sumBalances([pages, runq, gc].map(balanceFromProto));
  }

  /** Null when it is malformed; empty when there was nothing to measure. */
  distribution(signal: Signal): DecodedDistribution | null {
    const known = this.#decoded.get(signal);
    if (known !== undefined) return known;
    const view = this.#distributions.find((candidate) => candidate.signal === signal)?.distribution;
    const decoded = decodeDistribution(view);
    this.#decoded.set(signal, decoded);
    return decoded;
  }

  /** Lets go of all but what quantiles over several windows are made of. */
  keepLatencies(): void {
    this.#window = null;
    this.#memory = null;
  }

  /** Distributions of its cgroups; malformed ones are left out, and so is the sum of those with fewer values. */
  cgroups(signal: Signal): CgroupPart[] {
    return this.#cgroups.flatMap((part) => {
      const isAsked = part.signal === signal && part.cgroup !== SUMMED_CGROUP;
      const decoded = isAsked ? decodeDistribution(part.distribution as DistributionView) : null;
      return decoded === null ? [] : [{ path: part.path, distribution: decoded }];
    });
  }
}

function memoryOf({ zones }: NodeWindow): NodeMemory {
  const freeBlocks: number[] = [];
  const contiguous: number[] = [];
  let managedPages = 0;
  for (const zone of zones) {
    addFreeBlocks(freeBlocks, zone.freeBlocks);
    if (zone.name === CONTIGUOUS_ZONE) addFreeBlocks(contiguous, zone.freeBlocks);
    managedPages += zone.managed;
  }
  return { freeBlocks, managedPages, contiguousPages: contiguousPagesOf(contiguous) };
}
