import { OperatingError } from "./errors.ts";

/** Servers of one cluster, and how to log in to them. */
export interface ServerUrls {
  /** "host:port" each. */
  readonly servers: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Whether the URLs ask for TLS ("tls://"). */
  readonly isEncrypted: boolean;
}

/**
 * Takes a comma-separated list of URLs apart: "nats://user:secret@a:4222,nats://b:4222". The scheme may be left out.
 * The first user and password found serve for all.
 * @throws {OperatingError} CONFIG_INVALID; the message does not repeat the URL, which may hold a secret.
 */
export function parseServerUrls(text: string, scheme: string, defaultPort: number): ServerUrls {
  const parts = text.split(",").map((part) => part.trim());
  const urls = parts.filter((part) => part !== "").map((part, index) => parseOne(part, scheme, index + 1));
  if (urls.length === 0) throw new OperatingError("CONFIG_INVALID", `no ${scheme} server is given`);
  const login = urls.find((url) => url.username !== "");
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port === "" ? defaultPort : url.port}`),
    user: login === undefined ? undefined : decodeURIComponent(login.username),
    password: login === undefined ? undefined : decodeURIComponent(login.password),
    isEncrypted: urls.some((url) => url.protocol === "tls:"),
  };
}

function parseOne(part: string, scheme: string, place: number): URL {
  const url = URL.parse(part.includes("://") ? part : `${scheme}://${part}`);
  const isKnown = url !== null && (url.protocol === `${scheme}:` || url.protocol === "tls:") && url.hostname !== "";
  if (isKnown) return url;
  throw new OperatingError(
    "CONFIG_INVALID",
    `${scheme} server ${place} is not a URL of the form ${scheme}://host:port`,
  );
}
