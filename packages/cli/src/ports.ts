import { type Coordination, openCoordination } from "@farmscope/coordination";
import { type EventLog, type KafkaSecurity, openLog } from "@farmscope/log";
import { type Clock, type Config, type Logger, OperatingError, retrying } from "@farmscope/runtime";
import { openStore, type ViewStore } from "@farmscope/store";

/** The three ports that services meet in. */
export interface Ports {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  close(): Promise<void>;
}

const CLUSTER_LEASE_TTL_MS = 15_000;

/**
 * Opens log, store and coordination as the settings say. None of them need be there yet: each adapter connects by itself
 * and goes on trying; calls fail with retriable errors meanwhile.
 * @throws {OperatingError} CONFIG_INVALID when an address is missing.
 */
export async function openPorts(config: Config, clock: Clock, logger: Logger): Promise<Ports> {
  const { redisUrl, namespace, partitions } = config;
  const isKafka = config.log === "kafka";
  const logUrl = isKafka ? config.kafkaBrokers : config.natsUrl;
  const missing = [
    ...(logUrl === "" ? [isKafka ? "FARMSCOPE_KAFKA_BROKERS" : "FARMSCOPE_NATS_URL"] : []),
    ...(redisUrl === "" ? ["FARMSCOPE_REDIS_URL"] : []),
  ];
  if (missing.length > 0) {
    throw new OperatingError("CONFIG_INVALID", `${missing.join(" and ")} must be set for a service that runs alone`, {
      remedy: "set them, or let `farmscope up` start the servers",
    });
  }
  const log = openLog({
    kind: config.log,
    url: logUrl,
    security: kafkaSecurityOf(config),
    namespace,
    partitions,
    bytesMax: config.logBytesMax,
    replicas: config.logReplicas,
    clock,
    logger,
  });
  const store = await openStore({ url: redisUrl, namespace, clock, logger });
  const coordination = openCoordination({
    // Kafka has no leases: such an installation keeps them beside its views.
    kind: isKafka ? "redis" : "nats",
    url: isKafka ? redisUrl : logUrl,
    namespace,
    replicas: config.logReplicas,
    // Servers in a cluster take up to 8 s to choose a new leader: leases must live through that.
    ...(config.logReplicas > 1 ? { ttlMs: CLUSTER_LEASE_TTL_MS } : {}),
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

function kafkaSecurityOf(config: Config): KafkaSecurity {
  return {
    tls: config.kafkaTls,
    caFile: config.kafkaCaFile,
    certFile: config.kafkaCertFile,
    keyFile: config.kafkaKeyFile,
    sasl: config.kafkaSasl,
    user: config.kafkaUser,
    password: config.kafkaPassword,
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
