/**
 * The parts of kafkajs 2.2.4 below its clients that we use: the codec of the protocol and the login. The package has no
 * `exports`, and its version is pinned.
 */

declare module "kafkajs/src/protocol/encoder.js" {
  export default class Encoder {
    readonly buffer: Buffer;
    writeInt32(value: number): this;
    writeString(value: string): this;
    writeArray(values: readonly unknown[]): this;
  }
}

declare module "kafkajs/src/protocol/decoder.js" {
  export default class Decoder {
    constructor(bytes: Buffer);
    readInt16(): number;
    readInt32(): number;
    readInt64(): { toString(): string };
    readBoolean(): boolean;
    readString(): string;
    readArray<T>(read: (decoder: Decoder) => T): T[];
  }
}

declare module "kafkajs/src/protocol/request.js" {
  import type Encoder from "kafkajs/src/protocol/encoder.js";
  import type { KafkaRequest } from "kafkajs/src/protocol/requests/index.js";

  /** Frames a request: size, header, body. */
  export default function createRequest(options: {
    readonly request: KafkaRequest;
    readonly correlationId: number;
    readonly clientId: string;
  }): Promise<Encoder>;
}

declare module "kafkajs/src/protocol/requests/index.js" {
  import type Encoder from "kafkajs/src/protocol/encoder.js";

  export interface KafkaRequest {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<Encoder>;
  }
  /** A request and how its answer is read; `parse` throws what the answer says went wrong. */
  export interface Exchange<Decoded, Answer> {
    readonly request: KafkaRequest;
    readonly response: {
      decode(bytes: Buffer): Promise<Decoded>;
      parse(decoded: Decoded): Promise<Answer>;
    };
  }
  export type Versions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;
  export interface Definition {
    readonly versions: readonly string[];
    protocol(options: { readonly version: number }): (args: object) => Exchange<unknown, unknown>;
  }
  export const requests: Readonly<Record<string, Definition>>;
  /** The newest version of a request that both sides know. */
  export function lookup(
    versions: Versions,
  ): (apiKey: number, definition: Definition) => (args: object) => Exchange<unknown, unknown>;
}

declare module "kafkajs/src/protocol/requests/apiKeys.js" {
  const apiKeys: Readonly<Record<string, number>>;
  export default apiKeys;
}

declare module "kafkajs/src/protocol/error.js" {
  export function createErrorFromCode(code: number): Error;
}

declare module "kafkajs/src/broker/saslAuthenticator/index.js" {
  import type { Exchange, Versions } from "kafkajs/src/protocol/requests/index.js";

  interface SilentLogger {
    namespace(): SilentLogger;
    debug(): void;
    error(): void;
  }
  export default class SaslAuthenticator {
    /** Lifetime of the login in milliseconds, as text; "0" for ever. */
    readonly sessionLifetime: string;
    constructor(
      connection: {
        readonly host: string;
        readonly port: number;
        readonly sasl: object;
        send(exchange: Exchange<unknown, unknown>): Promise<unknown>;
      },
      logger: SilentLogger,
      versions: Versions,
      hasAuthenticateRequest: boolean,
    );
    authenticate(): Promise<void>;
  }
}
