import { createAggregator, DEFAULT_LIMITS } from "@farmscope/aggregator";
import { openCoordination } from "@farmscope/coordination";
import { Random } from "@farmscope/domain";
import type { EventLog, LogReader, LogRecord, ReadOptions, StreamName, StreamPositions } from "@farmscope/log";
import { createLogger } from "@farmscope/runtime";
import { MemoryStore, type Scope } from "@farmscope/store";
import { Scheduler, SimulatedClock } from "@farmscope/testkit/simulation";
import { NAMESPACE } from "../cluster.ts";

const REBUILD_MS_MAX = 60_000;

/** What folding the same log again, undisturbed, comes to. */
export interface Rebuilt {
  readonly store: MemoryStore;
  /** Records of fs.view by id. */
  readonly views: ReadonlyMap<string, Uint8Array>;
  readonly isComplete: boolean;
}

/** Folds the records of every partition with one aggregator that nothing disturbs. */
export async function rebuild(partitions: readonly (readonly LogRecord[])[]): Promise<Rebuilt> {
  const scheduler = new Scheduler(new Random(0));
  const clock = new SimulatedClock(scheduler, (ms, wake) => scheduler.after(ms, wake), new Random(0));
  const log = new FrozenLog(partitions, (waitMs) => clock.sleep(waitMs));
  const store = new MemoryStore(clock);
  const service = createAggregator({
    log,
    store,
    coordination: openCoordination({ kind: "memory", url: "", namespace: NAMESPACE, replicas: 1, clock }),
    clock,
    logger: createLogger("rebuild", "silent"),
    partitions: partitions.length,
    namespace: NAMESPACE,
    replicaId: "rebuild",
    limits: { pullRecordsMax: Math.max(DEFAULT_LIMITS.pullRecordsMax, ...partitions.map(({ length }) => length)) },
  });
  const positions = new Map<Scope, number>();
  await store.watch(({ scope, position }) => positions.set(scope, position));
  const stop = new AbortController();
  const running = service.run(stop.signal);
  const isDone = (): boolean =>
    partitions.every((records, number) => (positions.get(`p${number}`) ?? 0) >= (records.at(-1)?.position ?? 0));
  const isComplete = await scheduler.runUntil(REBUILD_MS_MAX, isDone);
  stop.abort();
  await scheduler.runUntil(scheduler.nowMs + REBUILD_MS_MAX, () => false);
  await running;
  return { store, views: log.views, isComplete };
}

/** A log that is read again: what is appended to it goes nowhere, but for views, which are compared. */
class FrozenLog implements EventLog {
  readonly messageBytesMax = 2 ** 20 - 4_096;
  readonly views = new Map<string, Uint8Array>();
  readonly #partitions: readonly (readonly LogRecord[])[];
  readonly #wait: (ms: number) => Promise<void>;

  constructor(partitions: readonly (readonly LogRecord[])[], wait: (ms: number) => Promise<void>) {
    this.#partitions = partitions;
    this.#wait = wait;
  }

  async ensureStreams(): Promise<void> {}

  async append(stream: StreamName, _key: string, payload: Uint8Array, options: { id?: string } = {}): Promise<number> {
    if (stream.kind === "view") this.views.set(options.id ?? "", payload);
    return 0;
  }

  async read(stream: StreamName, { from, signal }: ReadOptions): Promise<LogReader> {
    let rest = this.#recordsOf(stream).filter(({ position }) => position >= from);
    const wait = this.#wait;
    return {
      async next(recordsMax, waitMs) {
        if (signal?.aborted) return [];
        if (rest.length === 0) await wait(waitMs);
        const taken = rest.slice(0, recordsMax);
        rest = rest.slice(recordsMax);
        return taken;
      },
      close: async () => {},
    };
  }

  async positions(stream: StreamName): Promise<StreamPositions> {
    const records = this.#recordsOf(stream);
    const last = records.at(-1)?.position ?? 0;
    return { first: records[0]?.position ?? 1, last, messages: records.length, bytes: 0 };
  }

  async lastOf(): Promise<null> {
    return null;
  }

  async describe() {
    return { kind: "memory", version: "", connected: true, warnings: [] } as const;
  }

  async close(): Promise<void> {}

  #recordsOf(stream: StreamName): readonly LogRecord[] {
    return stream.kind === "event" ? this.#partitions[stream.partition]! : [];
  }
}
