import { type StreamName, streamLabel } from "@farmscope/log";
import { fromBinary, ViewRecordSchema } from "@farmscope/proto";
import type { Claim, Commit, CommitOutcome, Scope, ViewStore } from "@farmscope/store";
import type { Appended } from "@farmscope/testkit/simulation";

const VIOLATIONS_MAX = 8;

/** Sees everything that takes effect in the store and the log, and knows what may not. */
export class Witness {
  readonly violations: string[] = [];
  /** Committed position by scope. */
  readonly positions = new Map<Scope, number>();
  /** Position of the newest record by stream, ticks left out. */
  readonly lastPositions = new Map<string, number>();
  /** Keys that were put since {@link forgetPuts}. */
  readonly puts = new Set<string>();
  readonly #epochs = new Map<Scope, number>();
  /** Where a process began to fold a scope: what lies before is committed. */
  readonly #claimed = new Map<string, number>();
  readonly #contents = new Map<string, Uint8Array>();
  /** Part of the log was lost: what was derived from it may come to be otherwise. */
  #tailLost = false;

  tailIsLost(): void {
    this.#tailLost = true;
  }

  forgetPuts(): void {
    this.puts.clear();
  }

  report(violation: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(violation);
  }

  /** The store as it is served to one process, under observation. */
  storeFor(process: string, server: ViewStore): ViewStore {
    const claim = async (scope: Scope): Promise<Claim> => this.#sawClaim(process, scope, await server.claim(scope));
    const commit = async (scope: Scope, content: Commit): Promise<CommitOutcome> => {
      const outcome = await server.commit(scope, content);
      if (outcome === "committed") await this.#sawCommit(process, scope, content, server);
      return outcome;
    };
    return {
      claim,
      commit,
      committed: (scope) => server.committed(scope),
      get: (key) => server.get(key),
      getMany: (keys) => server.getMany(keys),
      range: (series, fromMs, toMs) => server.range(series, fromMs, toMs),
      list: (index) => server.list(index),
      watch: (listener) => server.watch(listener),
      describe: () => server.describe(),
      close: async () => {},
    };
  }

  sawAppend({ process, stream, key, id, position, payload, isRepeated }: Appended): void {
    if (key !== "~tick") this.lastPositions.set(nameOf(stream), position);
    if (id === "" || this.#tailLost) return;
    const before = this.#contents.get(id);
    if (before === undefined) this.#contents.set(id, payload);
    else if (!isEqual(before, payload)) this.report(`${process} appended ${id} with other content than before`);
    if (stream.kind === "view" && key.startsWith("partial/") && !isRepeated) this.#sawPartial(process, id, payload);
  }

  #sawPartial(process: string, id: string, payload: Uint8Array): void {
    const { body } = fromBinary(ViewRecordSchema, payload);
    if (body.case !== "partial") return;
    const begunAt = this.#claimed.get(`${process} p${body.value.partition}`) ?? 0;
    if (Number(body.value.position) > begunAt) return;
    this.report(`${process} appended ${id} of position ${body.value.position}, which was committed before it began`);
  }

  #sawClaim(process: string, scope: Scope, claim: Claim): Claim {
    if (claim.epoch <= (this.#epochs.get(scope) ?? 0)) this.report(`the epoch of ${scope} went back to ${claim.epoch}`);
    this.#epochs.set(scope, claim.epoch);
    this.#claimed.set(`${process} ${scope}`, this.positions.get(scope) ?? 0);
    return claim;
  }

  async #sawCommit(process: string, scope: Scope, commit: Commit, server: ViewStore): Promise<void> {
    const { epoch, position, puts, series } = commit;
    const present = this.#epochs.get(scope) ?? 0;
    if (epoch !== present)
      this.report(`${process} committed ${scope} under epoch ${epoch}, which ${present} fences off`);
    const before = this.positions.get(scope) ?? 0;
    if (position < before && !this.#tailLost) this.report(`${scope} went back from ${before} to ${position}`);
    this.positions.set(scope, position);
    for (const { key } of puts) this.puts.add(key);
    const put = puts.at(-1);
    const write = series.at(-1);
    const seen = put === undefined ? null : await server.get(put.key);
    if (put !== undefined && (seen === null || !isEqual(seen, put.value))) {
      this.report(`${scope} is committed at ${position} without its view ${put.key}`);
    }
    if (write === undefined) return;
    const [entry] = await server.range(write.series, write.startMs, write.startMs + 1);
    if (entry !== undefined && isEqual(entry.value, write.value)) return;
    this.report(`${scope} is committed at ${position} without its window ${write.series}`);
  }
}

export function nameOf(stream: StreamName): string {
  return "partition" in stream ? `${stream.kind}/${stream.partition}` : streamLabel(stream);
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
