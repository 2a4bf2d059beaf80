import type { Routing } from "@farmscope/alerting-core";
import type { Coordination, Lease } from "@farmscope/coordination";
import type { Rule } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import {
  type Clock,
  type Logger,
  messageOf,
  OperatingError,
  retrying,
  type Service,
  type StageBalance,
} from "@farmscope/runtime";
import { Keys, type ViewStore } from "@farmscope/store";
import type { Heartbeat } from "./heartbeat.ts";
import { keepLease } from "./lease-keeper.ts";
import type { Notifier } from "./notifiers/port.ts";
import { Term } from "./term.ts";

/** The lease that permits a replica to act. */
export const ALERT_LEASE = "alert";
/** Role under which replicas announce themselves. */
export const ALERT_ROLE = "alerting";
/** Wait before a new term after one that failed, in milliseconds. */
const TERM_WAIT_MS = 1_000;

export interface AlertingOptions {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Prefix of the store's keys. */
  readonly namespace: string;
  /** Name of this replica among all. */
  readonly replicaId: string;
  readonly rules: readonly Rule[];
  readonly notifiers: readonly Notifier[];
  /** Who is told of what; every target that it names has its notifier. */
  readonly routing: Routing;
  readonly heartbeat: Heartbeat | null;
  /** Address of the console, without a slash at its end, for links; "" for none. */
  readonly consoleUrl: string;
}

export interface AlertingStatus {
  readonly replicaId: string;
  /** Whether this replica acts, or stands by for the one that does. */
  readonly role: "standby" | "acting";
  /** Position of fs.view that is evaluated; 0 while standing by. */
  readonly position: number;
  readonly rules: number;
  readonly alerts: { readonly pending: number; readonly firing: number };
  /** Incidents begun by this replica in its current term. */
  readonly fired: number;
  /** Notifications waiting for their receivers. */
  readonly waiting: number;
  /** Every stage of the pipeline; empty while standing by. */
  readonly stages: readonly StageBalance[];
  /** What keeps this replica from working, for /readyz; null when nothing does. */
  readonly trouble: string | null;
}

/** The alerting service: of all replicas the one with the lease acts, the others stand by. */
export class Alerting implements Service {
  readonly #options: AlertingOptions;
  readonly #keys: Keys;
  #term: Term | null = null;
  #trouble: string | null = "not started";

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#keys = new Keys(options.namespace);
  }

  async run(signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const announcing = this.#announce(AbortSignal.any([signal, ending.signal]));
    try {
      while (!signal.aborted) await this.#serveTerm(signal);
    } finally {
      ending.abort();
      await announcing;
      this.#trouble = "stopped";
    }
  }

  status(): AlertingStatus {
    const pipeline = this.#term?.pipeline ?? null;
    const { replicaId, rules } = this.#options;
    return {
      replicaId,
      role: pipeline === null ? "standby" : "acting",
      position: pipeline?.position ?? 0,
      rules: rules.length,
      alerts: pipeline?.evaluate.alerts() ?? { pending: 0, firing: 0 },
      fired: pipeline?.evaluate.fired ?? 0,
      waiting: pipeline?.deliver.waiting ?? 0,
      stages: pipeline?.balances() ?? [],
      trouble: this.#trouble,
    };
  }

  /** Waits for the lease and acts while it is ours. Returns when that ends; rejects only for a defect. */
  async #serveTerm(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      const lease = await this.#acquire(signal);
      await this.#act(lease, signal);
    } catch (error) {
      if (isAborted(error) && signal.aborted) return;
      if (!isPassing(error)) throw error;
      this.#trouble = messageOf(error);
      logger.warn({ err: error }, "alerting stops acting, and tries to go on");
      await clock.sleep(TERM_WAIT_MS, signal).catch(() => undefined);
    }
  }

  /** Asks for the lease until it is ours. @throws {OperatingError} ABORTED. */
  async #acquire(signal: AbortSignal): Promise<Lease> {
    const { coordination, clock, replicaId, logger } = this.#options;
    const onFailure = (error: OperatingError): void => {
      this.#trouble = error.message;
      logger.warn(`coordination is away: ${error.message}`);
    };
    for (;;) {
      const acquire = () => coordination.acquire(ALERT_LEASE, replicaId);
      const lease = await retrying(clock, acquire, { signal, onFailure });
      this.#trouble = null;
      if (lease !== null) return lease;
      await clock.sleep(coordination.ttlMs / 3, signal);
    }
  }

  async #act(lease: Lease, signal: AbortSignal): Promise<void> {
    const { coordination, clock, logger } = this.#options;
    const ending = new AbortController();
    const onLost = (reason: string): void => {
      logger.warn(`alerting stands by: ${reason}`);
      ending.abort();
    };
    const released = new AbortController();
    const keeping = keepLease({ lease, ttlMs: coordination.ttlMs, clock, signal: released.signal, onLost });
    const onTrouble = (trouble: string | null): void => {
      this.#trouble = trouble;
    };
    this.#term = new Term({ ...this.#options, keys: this.#keys, onTrouble });
    try {
      await this.#term.run(AbortSignal.any([signal, ending.signal]));
    } finally {
      this.#term = null;
      released.abort();
      await keeping;
    }
  }

  /** Tells the others that this replica lives, within the time to live, until the signal fires. */
  async #announce(signal: AbortSignal): Promise<void> {
    const { coordination, clock, replicaId } = this.#options;
    const member = { id: replicaId, role: ALERT_ROLE };
    while (!signal.aborted) {
      await ignoringPassing(() => coordination.announce(member));
      await ignoringPassing(() => clock.sleep(coordination.ttlMs / 3, signal));
    }
    await ignoringPassing(() => coordination.withdraw(member));
  }
}

function isAborted(error: unknown): boolean {
  return error instanceof OperatingError && error.code === "ABORTED";
}

/** What a new term may get over. */
function isPassing(error: unknown): boolean {
  return error instanceof OperatingError && (error.retriable || error.code === "STORE_FENCED");
}

async function ignoringPassing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isPassing(error) && !isAborted(error)) throw error;
  }
}
