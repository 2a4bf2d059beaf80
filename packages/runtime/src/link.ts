import { OperatingError } from "./errors.ts";

/** What a dialled connection tells of itself. */
export interface LinkEvents {
  /** The server is away; the client reconnects by itself. */
  readonly onDown: () => void;
  /** The server is back. */
  readonly onUp: () => void;
  /** The client has given up, or was closed: a new connection must be dialled. */
  readonly onClosed: () => void;
}

export interface LinkOptions<Wire> {
  /** Makes a connection, or throws a retriable error. */
  readonly dial: (events: LinkEvents) => Promise<Wire>;
  readonly hangUp: (wire: Wire) => Promise<void>;
  /** The error for callers while the server is away. */
  readonly unavailable: () => OperatingError;
}

/**
 * A connection that is dialled when it is first needed and lives until it is closed. While the server is away callers
 * are told at once, so that only they wait and retry.
 */
export class Link<Wire> {
  /** Called when the server goes away: what was under way may be lost. */
  readonly downListeners = new Set<() => void>();
  readonly #options: LinkOptions<Wire>;
  #wire: Wire | null = null;
  #isUp = false;
  #isClosed = false;
  #dialling: Promise<Wire> | null = null;

  constructor(options: LinkOptions<Wire>) {
    this.#options = options;
  }

  /** The connection if it can be used now. */
  get wire(): Wire | null {
    return this.#isUp ? this.#wire : null;
  }

  /**
   * The connection, dialled if there is none yet; callers share one attempt.
   * @throws {OperatingError} ABORTED when closed, what `dial` throws, or `unavailable` while the server is away.
   */
  async get(): Promise<Wire> {
    if (this.#isClosed) throw new OperatingError("ABORTED", "the connection was closed");
    if (this.#wire !== null) {
      if (this.#isUp) return this.#wire;
      throw this.#options.unavailable();
    }
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = null;
    });
    return await this.#dialling;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const wire = this.#wire;
    this.#lose();
    if (wire !== null) await this.#options.hangUp(wire);
  }

  async #dial(): Promise<Wire> {
    const wire = await this.#options.dial({
      onDown: () => this.#down(),
      onUp: () => {
        this.#isUp = this.#wire !== null;
      },
      onClosed: () => this.#lose(),
    });
    if (this.#isClosed) {
      await this.#options.hangUp(wire);
      throw new OperatingError("ABORTED", "the connection was closed");
    }
    this.#wire = wire;
    this.#isUp = true;
    return wire;
  }

  #lose(): void {
    this.#wire = null;
    this.#down();
  }

  #down(): void {
    this.#isUp = false;
    for (const listener of [...this.downListeners]) listener();
  }
}

/** The wait before the next try to reconnect, in milliseconds: grows with the outage from 50 to 3,000, with jitter. */
export function reconnectWaitMs(downMs: number, random: () => number = Math.random): number {
  return Math.min(3_000, Math.max(100, downMs / 4)) * (0.5 + random() / 2);
}
