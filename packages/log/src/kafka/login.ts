import SaslAuthenticator from "kafkajs/src/broker/saslAuthenticator/index.js";
import type { Exchange, Versions } from "kafkajs/src/protocol/requests/index.js";

/** How to log in to the brokers. */
export interface Login {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly user: string;
  readonly password: string;
}

/** What a login needs of a connection. */
export interface LoginWire {
  readonly address: { readonly host: string; readonly port: number };
  readonly versions: Versions;
  exchange(exchange: Exchange<unknown, unknown>): Promise<unknown>;
}

const silent = { namespace: () => silent, debug: () => undefined, error: () => undefined };

/**
 * Logs in by SASL.
 * @returns how long the login holds, in milliseconds; 0: for ever.
 * @throws {Error} of kafkajs; its message does not hold the password.
 */
export async function logIn(connection: LoginWire, login: Login): Promise<number> {
  const { host, port } = connection.address;
  const authenticator = new SaslAuthenticator(
    {
      host,
      port,
      sasl: { mechanism: login.mechanism, username: login.user, password: login.password },
      send: (exchange) => connection.exchange(exchange),
    },
    silent,
    connection.versions,
    true,
  );
  await authenticator.authenticate();
  return Number(authenticator.sessionLifetime);
}
