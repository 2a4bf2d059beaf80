import { type Clock, type LinkEvents, type Logger, reconnectWaitMs, type ServerUrls } from "@farmscope/runtime";
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { translate } from "./translate.ts";

/** One connection to the servers, with its JetStream clients. */
export interface Session {
  readonly connection: NatsConnection;
  readonly streams: JetStreamClient;
  readonly manager: JetStreamManager;
}

export interface DialOptions {
  readonly urls: ServerUrls;
  /** Name that the server shows for this connection. */
  readonly name: string;
  /** Longest wait for the answer to one request, in milliseconds. */
  readonly requestMsMax: number;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
}

/** A server that does not answer two pings in a row is away. */
const PING_EVERY_MS = 5_000;

/**
 * Connects; from then on the client reconnects for ever.
 * @throws {OperatingError} COORDINATION_UNAVAILABLE (retriable).
 */
export async function dialNats(options: DialOptions, events: LinkEvents): Promise<Session> {
  const { servers, user, password = "", isEncrypted } = options.urls;
  const timeout = options.requestMsMax;
  let downSinceMs = 0;
  try {
    const connection = await connect({
      servers: [...servers],
      name: options.name,
      ...(user === undefined ? {} : { user, pass: password }),
      ...(isEncrypted ? { tls: {} } : {}),
      timeout: 5_000,
      pingInterval: PING_EVERY_MS,
      maxPingOut: 2,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectDelayHandler: () => reconnectWaitMs(options.clock.monotonicMs() - downSinceMs),
      noAsyncTraces: true,
    });
    const onDown = (): void => {
      downSinceMs = options.clock.monotonicMs();
      events.onDown();
    };
    void watch(connection, { ...events, onDown }, options.logger);
    const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
    return { connection, streams: jetstream(connection, { timeout }), manager };
  } catch (error) {
    throw translate(error, `connecting to ${servers.join(", ")}`);
  }
}

async function watch(connection: NatsConnection, events: LinkEvents, logger: Logger | undefined): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") {
      logger?.warn({ server: status.server }, "the coordination server is away");
      events.onDown();
    } else if (status.type === "reconnect") {
      logger?.info({ server: status.server }, "the coordination server is back");
      events.onUp();
    }
  }
  events.onClosed();
}
