import { connect as connectPlain, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type Clock, invariant } from "@farmscope/runtime";
import createRequest from "kafkajs/src/protocol/request.js";
import { type Exchange, requests, type Versions } from "kafkajs/src/protocol/requests/index.js";
import { type Login, logIn } from "./login.ts";

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionSettings {
  /** Name that the broker sees. */
  readonly name: string;
  /** null: no encryption. */
  readonly tls: ConnectionOptions | null;
  /** null: no login. */
  readonly login: Login | null;
  readonly clock: Clock;
}

/** Longest wait for a connection, and for the answer to a request that does not wait by itself, in milliseconds. */
export const REQUEST_MS_MAX = 10_000;
/** ApiVersions that every broker since 0.10 answers. */
const API_VERSIONS_VERSION = 2;
const SIZE_BYTES = 4;
/** A larger answer than we ever ask for: what came is not Kafka. In bytes. */
const ANSWER_BYTES_MAX = 128 * 2 ** 20;
/** A login is not used any more in the last part of its lifetime. */
const LIFETIME_USED = 0.8;

interface Waiting {
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to one broker, for one request at a time. A broker answers the requests of a connection one after the
 * other, so that a waiting fetch would hold up everything behind it.
 */
export class BrokerConnection {
  readonly address: Address;
  /** What the broker can do. */
  versions: Versions = {};
  readonly #settings: ConnectionSettings;
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #waiting: Waiting | null = null;
  #correlation = 0;
  #failure: Error | null = null;
  /** Monotonic time after which the login is too old; null: never. */
  #staleAtMs: number | null = null;

  private constructor(address: Address, settings: ConnectionSettings, socket: Socket) {
    this.address = address;
    this.#settings = settings;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.close(error));
    socket.on("close", () => this.close(new Error(`${nameOf(address)} closed the connection`)));
  }

  /** Connects, asks what the broker can do, and logs in. */
  static async open(address: Address, settings: ConnectionSettings): Promise<BrokerConnection> {
    const { tls } = settings;
    // A server name is a name: RFC 6066 has no addresses there.
    const servername = isIP(address.host) === 0 ? address.host : "";
    const socket = tls === null ? connectPlain(address) : connectTls({ servername, ...tls, ...address });
    const connection = new BrokerConnection(address, settings, socket);
    try {
      await connection.#untilConnected(tls === null ? "connect" : "secureConnect");
      await connection.#introduce();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Whether another request can be sent. */
  get isUsable(): boolean {
    if (this.#failure !== null) return false;
    return this.#staleAtMs === null || this.#settings.clock.monotonicMs() < this.#staleAtMs;
  }

  /**
   * Sends a request and returns what its answer says.
   * @param waitMs how long the broker may take by our own wish, before the usual time for an answer begins.
   * @throws {Error} of kafkajs when the broker refuses (the connection stays usable), else what broke the connection.
   */
  async exchange<Answer>(exchange: Exchange<unknown, Answer>, waitMs = 0): Promise<Answer> {
    invariant(this.#waiting === null, "one request at a time on a connection to Kafka");
    const { request, response } = exchange;
    const answered = Promise.withResolvers<Buffer>();
    this.#waiting = answered;
    this.#correlation = (this.#correlation + 1) & 0x7fff_ffff;
    const correlationId = this.#correlation;
    const frame = await createRequest({ request, correlationId, clientId: this.#settings.name });
    if (this.#failure !== null) answered.reject(this.#failure);
    else this.#socket.write(frame.buffer);
    const payload = await this.#inTime(answered.promise, waitMs + REQUEST_MS_MAX, request.apiName);
    if (payload.readInt32BE(0) !== correlationId) {
      this.close(new Error("an answer to another request"));
      throw this.#failure ?? new Error("an answer to another request");
    }
    return await response.parse(await response.decode(payload.subarray(SIZE_BYTES)));
  }

  /** Ends it at once; who waits for an answer is told why. */
  close(why: Error = new Error("the connection was closed")): void {
    if (this.#failure !== null) return;
    this.#failure = why;
    this.#socket.destroy();
    this.#chunks = [];
    this.#waiting?.reject(why);
    this.#waiting = null;
  }

  async #untilConnected(event: "connect" | "secureConnect"): Promise<void> {
    const connected = Promise.withResolvers<Buffer>();
    this.#waiting = connected;
    this.#socket.once(event, () => {
      this.#waiting = null;
      connected.resolve(Buffer.alloc(0));
    });
    await this.#inTime(connected.promise, REQUEST_MS_MAX, "the connection");
  }

  async #introduce(): Promise<void> {
    const ask = requests["ApiVersions"].protocol({ version: API_VERSIONS_VERSION });
    const { apiVersions } = (await this.exchange(ask({}))) as {
      apiVersions: readonly { apiKey: number; minVersion: number; maxVersion: number }[];
    };
    this.versions = Object.fromEntries(apiVersions.map(({ apiKey, ...range }) => [apiKey, range]));
    const { login, clock } = this.#settings;
    if (login === null) return;
    const lifetimeMs = await logIn(this, login);
    if (lifetimeMs > 0) this.#staleAtMs = clock.monotonicMs() + lifetimeMs * LIFETIME_USED;
  }

  async #inTime(work: Promise<Buffer>, timeMs: number, what: string): Promise<Buffer> {
    const over = new AbortController();
    void this.#settings.clock.sleep(timeMs, over.signal).then(
      () => this.close(new Error(`${nameOf(this.address)} did not answer ${what} within ${timeMs} ms`)),
      () => undefined,
    );
    try {
      return await work;
    } finally {
      over.abort();
    }
  }

  /** An answer is its size in 4 bytes and so many bytes; it is put together once, when it is complete. */
  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#chunks[0].length < SIZE_BYTES) this.#chunks = [Buffer.concat(this.#chunks)];
    if (this.#buffered < SIZE_BYTES) return;
    const size = this.#chunks[0].readInt32BE(0);
    const waiting = this.#waiting;
    if (waiting === null || size < SIZE_BYTES || size > ANSWER_BYTES_MAX || this.#buffered > size + SIZE_BYTES) {
      this.close(
        new Error(`${nameOf(this.address)} sent what was not asked for: is it Kafka, with these TLS settings?`),
      );
      return;
    }
    if (this.#buffered < size + SIZE_BYTES) return;
    const answer = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#buffered = 0;
    this.#waiting = null;
    waiting.resolve(answer.subarray(SIZE_BYTES));
  }
}

/** "host:port". */
export function nameOf({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
