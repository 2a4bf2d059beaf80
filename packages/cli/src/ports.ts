import { type Coordination, openCoordination } from "@farmscope/coordination";
import { type EventLog, openLog } from "@farmscope/log";
import { type Clock, type Config, type Logger, OperatingError, retrying } from "@farmscope/runtime";
import { openStore, type ViewStore } from "@farmscope/store";

/** The three ports that services meet in. */
export interface Ports {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  close(): Promise<void>;
}

/**
 * Opens log, store and coordination as the settings say. None of them need be there yet: each adapter connects by itself
 * and goes on trying; calls fail with retriable errors meanwhile.
 * @throws {OperatingError} CONFIG_INVALID when an address is missing.
 */
export async function openPorts(config: Config, clock: Clock, logger: Logger): Promise<Ports> {
  const { natsUrl, redisUrl, namespace, partitions } = config;
  const missing = [
    ...(natsUrl === "" ? ["FARMSCOPE_NATS_URL"] : []),
    ...(redisUrl === "" ? ["FARMSCOPE_REDIS_URL"] : []),
  ];
  if (missing.length > 0) {
    throw new OperatingError("CONFIG_INVALID", `${missing.join(" and ")} must be set for a service that runs alone`, {
      remedy: "set them, or let `farmscope up` start the servers",
    });
  }
  const log = openLog({
    kind: config.log,
    url: natsUrl,
    namespace,
    partitions,
    bytesMax: config.logBytesMax,
    replicas: config.logReplicas,
    clock,
    logger,
  });
  const store = await openStore({ url: redisUrl, namespace, clock, logger });
  const coordination = openCoordination({
    kind: "nats",
    url: natsUrl,
    namespace,
    replicas: config.logReplicas,
    clock,
    logger,
  });
  return {
    log,
    store,
    coordination,
    close: async () => {
      await Promise.allSettled([log.close(), store.close(), coordination.close()]);
    },
  };
}

/** Creates the streams that are missing; waits, with back-off, for a log that is away. */
export async function ensureStreams(ports: Ports, clock: Clock, logger: Logger, signal: AbortSignal): Promise<void> {
  await retrying(clock, () => ports.log.ensureStreams(signal), {
    signal,
    onFailure: (error, attempt, waitMs) =>
      logger.warn({ code: error.code, attempt, waitMs: Math.round(waitMs) }, `the log is away: ${error.message}`),
  });
}
