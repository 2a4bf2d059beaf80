import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { messageOf, OperatingError, type ServerUrls } from "@farmscope/runtime";
import type { Address } from "./connection.ts";
import type { Login } from "./login.ts";

/** How to reach brokers that do not trust everybody. Empty texts mean "not set". */
export interface KafkaSecurity {
  readonly tls: "off" | "on";
  /** Certificates of the authorities to trust instead of the system's, in PEM. */
  readonly caFile: string;
  /** Our own certificate and its key, in PEM, for brokers that ask for one. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly sasl: "none" | Login["mechanism"];
  readonly user: string;
  readonly password: string;
}

/** @throws {OperatingError} CONFIG_INVALID when a file cannot be read. */
export function tlsOf(security: KafkaSecurity | undefined, urls: ServerUrls): ConnectionOptions | null {
  const { tls = "off", caFile = "", certFile = "", keyFile = "" } = security ?? {};
  if (tls === "off" && !urls.isEncrypted) return null;
  return {
    ...(caFile === "" ? {} : { ca: readPem(caFile) }),
    ...(certFile === "" ? {} : { cert: readPem(certFile) }),
    ...(keyFile === "" ? {} : { key: readPem(keyFile) }),
  };
}

/**
 * The login: of the settings, or of the URL, by SCRAM-SHA-512 when no mechanism is named.
 * @throws {OperatingError} CONFIG_INVALID when a mechanism is named and no user.
 */
export function loginOf(security: KafkaSecurity | undefined, urls: ServerUrls): Login | null {
  const { sasl = "none" } = security ?? {};
  const user = security?.user || (urls.user ?? "");
  const password = security?.password || (urls.password ?? "");
  if (user === "" && sasl === "none") return null;
  if (user !== "") return { mechanism: sasl === "none" ? "scram-sha-512" : sasl, user, password };
  throw new OperatingError("CONFIG_INVALID", `a login to Kafka by ${sasl} needs a user`, {
    remedy: "set FARMSCOPE_KAFKA_USER and FARMSCOPE_KAFKA_PASSWORD",
  });
}

/** "host:port" taken apart; an IPv6 host stands in brackets. */
export function addressOf(server: string): Address {
  const colon = server.lastIndexOf(":");
  return { host: server.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(server.slice(colon + 1)) };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new OperatingError("CONFIG_INVALID", `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
