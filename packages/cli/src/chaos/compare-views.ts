import { WINDOW_MS } from "@farmscope/domain";
import { Keys, type ViewStore } from "@farmscope/store";

/** How many of something are the same in two namespaces of a store. */
export interface Comparison {
  readonly equal: number;
  readonly different: number;
}

export interface ViewComparison {
  readonly node_windows: Comparison;
  readonly farm_windows: Comparison;
  readonly node_views: Comparison;
  /** Keys of the first that differ. */
  readonly first_differences: readonly string[];
}

const FIRST_MAX = 10;

/** Compares current views and the windows that start in [fromMs, toMs), byte for byte, both ways. */
export async function compareViews(
  store: ViewStore,
  namespaces: readonly [string, string],
  partitions: number,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<ViewComparison> {
  const [live, again] = namespaces.map((namespace) => new Keys(namespace)) as [Keys, Keys];
  const tallies = { nodeWindows: new Tally(), farmWindows: new Tally(), nodeViews: new Tally() };
  const compareSeries = async (tally: Tally, seriesIn: (keys: Keys) => string): Promise<void> => {
    const [a, b] = await Promise.all([live, again].map((keys) => windowsOf(store, seriesIn(keys), range)));
    tally.compare(seriesIn(live), a!, b!);
  };
  for (let partition = 0; partition < partitions; partition++) {
    const nodes = await union(store, live.nodeIndex(partition), again.nodeIndex(partition));
    for (const node of nodes) {
      await compareSeries(tallies.nodeWindows, (keys) => keys.nodeWindows(partition, WINDOW_MS, node));
      const [a, b] = await store.getMany([live.node(partition, node), again.node(partition, node)]);
      tallies.nodeViews.compare(live.node(partition, node), single(a!), single(b!));
    }
    for (const farm of await union(store, live.farmIndex(partition), again.farmIndex(partition))) {
      await compareSeries(tallies.farmWindows, (keys) => keys.farmWindows(partition, WINDOW_MS, farm));
    }
  }
  const { nodeWindows, farmWindows, nodeViews } = tallies;
  return {
    node_windows: nodeWindows.result,
    farm_windows: farmWindows.result,
    node_views: nodeViews.result,
    first_differences: [nodeWindows, farmWindows, nodeViews].flatMap(({ first }) => first).slice(0, FIRST_MAX),
  };
}

type Entries = ReadonlyMap<number, Uint8Array>;

class Tally {
  readonly first: string[] = [];
  #equal = 0;
  #different = 0;

  get result(): Comparison {
    return { equal: this.#equal, different: this.#different };
  }

  compare(key: string, a: Entries, b: Entries): void {
    for (const at of new Set([...a.keys(), ...b.keys()])) {
      const [left, right] = [a.get(at), b.get(at)];
      if (left !== undefined && right !== undefined && Buffer.compare(left, right) === 0) {
        this.#equal++;
        continue;
      }
      this.#different++;
      const how = left === undefined ? "only again" : right === undefined ? "only live" : "different";
      if (this.first.length < FIRST_MAX) this.first.push(`${how}: ${key} ${at === 0 ? "" : at}`.trim());
    }
  }
}

async function windowsOf(
  store: ViewStore,
  series: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Entries> {
  const entries = await store.range(series, fromMs, toMs);
  return new Map(entries.map(({ startMs, value }) => [startMs, value]));
}

async function union(store: ViewStore, a: string, b: string): Promise<string[]> {
  return [...new Set([...(await store.list(a)), ...(await store.list(b))])].sort();
}

function single(value: Uint8Array | null): Entries {
  return new Map(value === null ? [] : [[0, value]]);
}
