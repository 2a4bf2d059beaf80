import {
  type CgroupDistribution,
  create,
  fromBinary,
  type NodeWindow,
  NodeWindowSchema,
  type Signal,
  toBinary,
} from "@farmscope/proto";
import {
  type BalanceCounts,
  balanceBetween,
  balanceFromProto,
  balanceToProto,
  coverageOf,
  decodeBalance,
  EMPTY_BALANCE,
  encodeBalance,
  joinBalances,
} from "../balance.ts";
import type { Distribution } from "../distribution/distribution.ts";
import { CgroupSignals } from "../node/cgroup-signals.ts";
import { SignalSet } from "../node/signal-set.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import type { NodeMoment } from "./node-moment.ts";

/**
 * Distributions by cgroup in a node's window of 10 s, besides the sum of the others. A node keeps 720 such windows in the
 * store, so that each of these costs about 80 KiB of it.
 */
export const WINDOW_CGROUPS_MAX = 16;

/** What was measured in a window while the node belonged to one farm. */
export class WindowPart {
  readonly signals = new SignalSet();
  readonly cgroups = new CgroupSignals();

  /** Where a value of a signal goes: into the node's distribution, and into its cgroup's. */
  of(signal: Signal, cgroup: number): readonly Distribution[] {
    return [this.signals.of(signal), this.cgroups.of(signal, cgroup)];
  }

  add(other: WindowPart): void {
    this.signals.add(other.signals);
    this.cgroups.add(other.cgroups);
  }

  encode(into: StateWriter): void {
    this.signals.encode(into);
    this.cgroups.encode(into);
  }

  decode(from: StateReader): void {
    this.signals.decode(from);
    this.cgroups.decode(from);
  }
}

/** What was measured in windows, by their start and by the farm that the node belonged to. */
export class WindowParts {
  readonly #parts = new Map<number, Map<string, WindowPart>>();

  of(startMs: number, farm: string): WindowPart {
    let farms = this.#parts.get(startMs);
    if (farms === undefined) {
      farms = new Map();
      this.#parts.set(startMs, farms);
    }
    let part = farms.get(farm);
    if (part === undefined) {
      part = new WindowPart();
      farms.set(farm, part);
    }
    return part;
  }

  /** Starts, in the order in which they came. */
  starts(): number[] {
    return [...this.#parts.keys()];
  }

  /** Gives the parts of a window away, by farm. */
  take(startMs: number): Map<string, WindowPart> {
    const farms = this.#parts.get(startMs) ?? new Map<string, WindowPart>();
    this.#parts.delete(startMs);
    return farms;
  }

  encode(into: StateWriter): void {
    into.list(this.#parts, ([startMs, farms]) => {
      into.number(startMs);
      into.list(farms, ([farm, part]) => {
        into.text(farm);
        part.encode(into);
      });
    });
  }

  decode(from: StateReader): void {
    from.list(() => {
      const startMs = from.number();
      from.list(() => this.of(startMs, from.text()).decode(from));
    });
  }
}

const KINDS = ["pages", "runq", "gc"] as const;

/** Balances of the three kinds of raw events. */
export type Books = Pick<NodeMoment, (typeof KINDS)[number]>;
export const NO_BOOKS: Books = { pages: EMPTY_BALANCE, runq: EMPTY_BALANCE, gc: EMPTY_BALANCE };

export function booksOf({ pages, runq, gc }: Books): Books {
  return { pages, runq, gc };
}

/** What moved between two moments. */
export function booksBetween(before: Books, after: Books): Books {
  return eachKind((kind) => balanceBetween(before[kind], after[kind]));
}

/** The books of an interval, from those of two that follow one another. */
export function joinBooks(earlier: Books, later: Books): Books {
  return eachKind((kind) => joinBalances(earlier[kind], later[kind]));
}

/** Whether nothing moved; what is held all the time does not move. */
export function areEmpty(books: Books): boolean {
  return KINDS.every((kind) => {
    const { folded, dropped, lost, held } = books[kind];
    return folded === 0 && dropped === 0 && lost === 0 && books[kind].in === held;
  });
}

export function booksFromWindow(window: Pick<NodeWindow, "pages" | "runq" | "gc">): Books {
  return eachKind((kind) => balanceFromProto(window[kind]));
}

export function booksToWindow(books: Books) {
  return { pages: balanceToProto(books.pages), runq: balanceToProto(books.runq), gc: balanceToProto(books.gc) };
}

export function coverageOfBooks(books: Books): number {
  return coverageOf([books.pages, books.runq, books.gc]);
}

export function encodeBooks(books: Books, into: StateWriter): void {
  for (const kind of KINDS) encodeBalance(books[kind], into);
}

export function decodeBooks(from: StateReader): Books {
  return { pages: decodeBalance(from), runq: decodeBalance(from), gc: decodeBalance(from) };
}

function eachKind(of: (kind: (typeof KINDS)[number]) => BalanceCounts): Books {
  return { pages: of("pages"), runq: of("runq"), gc: of("gc") };
}

/**
 * A node's window as the store has it: everything that was measured on the node, whichever farm it belonged to.
 * @param parts the farm at the window's end first, in the order of time otherwise.
 */
export function wholeWindow(parts: readonly NodeWindow[]): NodeWindow {
  const [main, ...left] = parts;
  if (left.length === 0) return main!;
  const signals = new SignalSet();
  for (const part of parts) signals.addProto(part.distributions);
  const cgroups = new CgroupSignals();
  for (const part of parts) cgroups.addProto(part.cgroups);
  const books = [...left, main!].map(booksFromWindow).reduce(joinBooks);
  const paths = new Map(parts.flatMap((part) => part.cgroups.map(({ cgroup, path }) => [cgroup, path] as const)));
  const { shown, summed } = cgroups.top(WINDOW_CGROUPS_MAX, (cgroup) => paths.get(cgroup) ?? "");
  return create(NodeWindowSchema, {
    ...main!,
    left: false,
    distributions: signals.toProto(),
    cgroups: [...shown],
    cgroupsSummed: summed + parts.reduce((sum, part) => sum + part.cgroupsSummed, 0),
    coverage: coverageOfBooks(books),
    ...booksToWindow(books),
  });
}

/** Puts late values into a closed part. */
export function amendPart(window: NodeWindow, late: WindowPart, pathOf: (cgroup: number) => string): void {
  const signals = new SignalSet();
  signals.addProto(window.distributions);
  signals.add(late.signals);
  window.distributions = signals.toProto();
  const cgroups = new CgroupSignals();
  cgroups.addProto(window.cgroups);
  cgroups.add(late.cgroups);
  const paths = new Map(window.cgroups.map(({ cgroup, path }: CgroupDistribution) => [cgroup, path]));
  const { shown, summed } = cgroups.top(WINDOW_CGROUPS_MAX, (cgroup) => paths.get(cgroup) ?? pathOf(cgroup));
  window.cgroups = [...shown];
  // The sum that stood there is one of those that are summed now.
  window.cgroupsSummed += Math.max(0, summed - (window.cgroupsSummed > 0 ? 1 : 0));
}

export function encodeWindow(window: NodeWindow): Uint8Array {
  return toBinary(NodeWindowSchema, window);
}

export function decodeWindow(bytes: Uint8Array): NodeWindow {
  return fromBinary(NodeWindowSchema, bytes);
}
