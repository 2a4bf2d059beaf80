import { type Clock, type LinkEvents, type Logger, reconnectWaitMs, type ServerUrls } from "@farmscope/runtime";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { BROKER_MESSAGE_BYTES, ENVELOPE_BYTES_MAX } from "../limits.ts";
import { type AckedSender, AckInbox } from "./ack-inbox.ts";
import { translate } from "./translate.ts";

/** One connection to the servers, with its JetStream client. */
export interface Session {
  readonly connection: NatsConnection;
  /** Publishes and takes the acknowledgements. */
  readonly sender: AckedSender;
  readonly manager: JetStreamManager;
}

export interface DialOptions {
  readonly urls: ServerUrls;
  /** Name that the server shows for this connection. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
}

/** Longest wait for the answer to one request, in milliseconds: an election of a new leader takes 5 to 6 s. */
const REQUEST_MS_MAX = 10_000;

/** A server that does not answer two pings in a row is away. */
const PING_EVERY_MS = 5_000;

/**
 * Connects; from then on the client reconnects for ever.
 * @throws {OperatingError} LOG_UNAVAILABLE (retriable).
 */
export async function dialJetStream(options: DialOptions, events: LinkEvents): Promise<Session> {
  const { servers, user, password = "", isEncrypted } = options.urls;
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
      // A stack trace for each request costs more than the request.
      noAsyncTraces: true,
    });
    const onDown = (): void => {
      downSinceMs = options.clock.monotonicMs();
      events.onDown();
    };
    void watch(connection, { ...events, onDown }, options.logger);
    const manager = await jetstreamManager(connection, { timeout: REQUEST_MS_MAX, checkAPI: false });
    return { connection, sender: new AckInbox(connection), manager };
  } catch (error) {
    throw translate(error, `connecting to ${servers.join(", ")}`);
  }
}

/** Largest payload that this server takes, in bytes. */
export function payloadBytesMax(session: Session): number {
  return (session.connection.info?.max_payload ?? BROKER_MESSAGE_BYTES) - ENVELOPE_BYTES_MAX;
}

async function watch(connection: NatsConnection, events: LinkEvents, logger: Logger | undefined): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") {
      logger?.warn({ server: status.server }, "the log's server is away");
      events.onDown();
    } else if (status.type === "reconnect") {
      logger?.info({ server: status.server }, "the log's server is back");
      events.onUp();
    }
  }
  events.onClosed();
}
