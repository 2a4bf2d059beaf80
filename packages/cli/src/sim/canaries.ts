import { BatchOrder, FarmMerge } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import type { Commit, CommitOutcome, Scope, ViewStore } from "@farmscope/store";
import type { SimulatedProcess } from "@farmscope/testkit/simulation";

/**
 * A planted bug, by which the simulation proves that it finds such ones. It lives here alone: around a port, or in a
 * method that is replaced for as long as a run takes.
 */
export interface Canary {
  readonly name: string;
  /** The store as the bug makes it, for one process. */
  serve?(store: ViewStore, process: SimulatedProcess): ViewStore;
  /** Puts the bug in place. @returns what takes it away. */
  plant?(): () => void;
}

/** A store that differs in what is given. */
function altered(store: ViewStore, changes: Pick<Partial<ViewStore>, "claim" | "commit">): ViewStore {
  return {
    claim: changes.claim ?? ((scope) => store.claim(scope)),
    commit: changes.commit ?? ((scope, commit) => store.commit(scope, commit)),
    committed: (scope) => store.committed(scope),
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    range: (series, fromMs, toMs) => store.range(series, fromMs, toMs),
    list: (index) => store.list(index),
    watch: (listener) => store.watch(listener),
    describe: () => store.describe(),
    close: () => store.close(),
  };
}

async function presentOf(store: ViewStore, scope: Scope) {
  return (await store.committed(scope)) ?? { epoch: 0, position: 0, recordId: "" };
}

/** Whoever commits is taken for the present owner. */
const fenceSkipped: Canary = {
  name: "fence skipped",
  serve: (store) =>
    altered(store, {
      commit: async (scope, commit) => {
        const { epoch, position } = await presentOf(store, scope);
        return store.commit(scope, { ...commit, epoch, previousPosition: position });
      },
    }),
};

/** Between position and views is time enough to be killed. */
const APART_MS = 20;

const positionApartFromViews: Canary = {
  name: "position written apart from views",
  serve: (store, process) =>
    altered(store, {
      commit: async (scope: Scope, commit: Commit): Promise<CommitOutcome> => {
        const outcome = await store.commit(scope, { ...commit, puts: [], series: [] });
        const views = { ...commit, previousPosition: commit.position };
        if (outcome === "committed") process.deliver(APART_MS, () => void store.commit(scope, views));
        return outcome;
      },
    }),
};

/** The new owner believes that nothing is committed yet. */
const effectsDuringReplay: Canary = {
  name: "effects during takeover replay",
  serve: (store) =>
    altered(store, {
      claim: async (scope) => ({ ...(await store.claim(scope)), position: 0, recordId: "" }),
      commit: async (scope, commit) => {
        const { position } = await presentOf(store, scope);
        return store.commit(scope, { ...commit, previousPosition: position });
      },
    }),
};

/** Nobody waits for a batch that is late. */
const reorderBoundIgnored: Canary = {
  name: "reorder bound ignored",
  plant() {
    const { pass } = BatchOrder.prototype;
    BatchOrder.prototype.pass = function (): ReturnType<typeof pass> {
      return pass.call(this, Number.POSITIVE_INFINITY);
    };
    return () => {
      BatchOrder.prototype.pass = pass;
    };
  },
};

/** A partition's window that is read twice is taken for news. */
const windowCountedTwice: Canary = {
  name: "window double-counted",
  plant() {
    const { apply } = FarmMerge.prototype;
    const seen = new WeakMap<FarmMerge, Map<string, number>>();
    FarmMerge.prototype.apply = function (partial, appendedAtMs, position): ReturnType<typeof apply> {
      const counts = seen.get(this) ?? new Map<string, number>();
      seen.set(this, counts);
      const window = `${partial.partition}/${partial.startMs}`;
      const revision = counts.get(window) ?? 0;
      counts.set(window, revision + 1);
      return apply.call(this, { ...partial, revision }, appendedAtMs, position);
    };
    return () => {
      FarmMerge.prototype.apply = apply;
    };
  },
};

export const CANARIES: readonly Canary[] = [
  fenceSkipped,
  positionApartFromViews,
  effectsDuringReplay,
  reorderBoundIgnored,
  windowCountedTwice,
];

/** @throws {OperatingError} USAGE. */
export function canaryNamed(name: string): Canary {
  const canary = CANARIES.find((candidate) => candidate.name === name);
  if (canary !== undefined) return canary;
  const names = CANARIES.map((candidate) => `"${candidate.name}"`).join(", ");
  throw new OperatingError("USAGE", `no planted bug is called ${name}`, { remedy: `there are ${names}` });
}
