import { OperatingError } from "@farmscope/runtime";
import type { Claim, Commit, CommitNotice, CommitOutcome, Scope, ViewStore } from "@farmscope/store";
import { Channel, type Trouble } from "./channel.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

export interface SimulatedStoreOptions {
  readonly process: SimulatedProcess;
  /** The server, shared by all processes. */
  readonly server: ViewStore;
  readonly trouble: () => Trouble;
}

/** The view store as one process sees it: any call may fail with its effect unknown. */
export class SimulatedStore implements ViewStore {
  readonly channel: Channel;
  readonly #process: SimulatedProcess;
  readonly #server: ViewStore;

  constructor({ process, server, trouble }: SimulatedStoreOptions) {
    this.#process = process;
    this.#server = server;
    this.channel = new Channel(
      process,
      trouble,
      () => new OperatingError("STORE_UNAVAILABLE", "the simulated store is away", { retriable: true }),
    );
  }

  claim(scope: Scope): Promise<Claim> {
    return this.channel.call(() => this.#server.claim(scope));
  }

  commit(scope: Scope, commit: Commit): Promise<CommitOutcome> {
    return this.channel.call(() => this.#server.commit(scope, commit));
  }

  committed(scope: Scope): ReturnType<ViewStore["committed"]> {
    return this.channel.call(() => this.#server.committed(scope));
  }

  get(key: string): Promise<Uint8Array | null> {
    return this.channel.call(() => this.#server.get(key));
  }

  getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]> {
    return this.channel.call(() => this.#server.getMany(keys));
  }

  range(series: string, fromMs: number, toMs: number): ReturnType<ViewStore["range"]> {
    return this.channel.call(() => this.#server.range(series, fromMs, toMs));
  }

  list(index: string): Promise<string[]> {
    return this.channel.call(() => this.#server.list(index));
  }

  watch(listener: (notice: CommitNotice) => void): Promise<() => Promise<void>> {
    return this.channel.call(() => this.#server.watch((notice) => this.#process.deliver(0, () => listener(notice))));
  }

  describe(): ReturnType<ViewStore["describe"]> {
    return this.#server.describe();
  }

  async close(): Promise<void> {}
}
