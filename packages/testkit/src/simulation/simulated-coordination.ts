import type { Coordination, Lease, Member } from "@farmscope/coordination";
import { OperatingError } from "@farmscope/runtime";
import { Channel, type Trouble } from "./channel.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

export interface SimulatedCoordinationOptions {
  readonly process: SimulatedProcess;
  /** The server, shared by all processes. */
  readonly server: Coordination;
  readonly trouble: () => Trouble;
}

/** Leases and members as one process sees them across a network that may fail. */
export class SimulatedCoordination implements Coordination {
  readonly channel: Channel;
  readonly #server: Coordination;

  constructor({ process, server, trouble }: SimulatedCoordinationOptions) {
    this.#server = server;
    this.channel = new Channel(
      process,
      trouble,
      () => new OperatingError("COORDINATION_UNAVAILABLE", "the simulated coordination is away", { retriable: true }),
    );
  }

  get ttlMs(): number {
    return this.#server.ttlMs;
  }

  async acquire(name: string, holder: string): Promise<Lease | null> {
    const lease = await this.channel.call(() => this.#server.acquire(name, holder));
    return lease === null ? null : new SimulatedLease(lease, this.channel);
  }

  holders(prefix: string): Promise<ReadonlyMap<string, string>> {
    return this.channel.call(() => this.#server.holders(prefix));
  }

  announce(member: Member): Promise<void> {
    return this.channel.call(() => this.#server.announce(member));
  }

  withdraw(member: Member): Promise<void> {
    return this.channel.call(() => this.#server.withdraw(member));
  }

  members(role: string): Promise<Member[]> {
    return this.channel.call(() => this.#server.members(role));
  }

  async close(): Promise<void> {}
}

class SimulatedLease implements Lease {
  readonly name: string;
  readonly holder: string;
  readonly #lease: Lease;
  readonly #channel: Channel;

  constructor(lease: Lease, channel: Channel) {
    this.name = lease.name;
    this.holder = lease.holder;
    this.#lease = lease;
    this.#channel = channel;
  }

  renew(): Promise<boolean> {
    return this.#channel.call(() => this.#lease.renew());
  }

  release(): Promise<void> {
    return this.#channel.call(() => this.#lease.release());
  }
}
