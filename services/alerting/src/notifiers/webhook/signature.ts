import { createHmac } from "node:crypto";

/**
 * The signature of a body at a time: "v1=" and the HMAC-SHA256, in hex, of the timestamp, a dot and the body. The
 * timestamp is inside, so that a receiver can refuse what is old: a recorded request is worth nothing later.
 * @param timestampS Unix seconds, as in the header beside it.
 */
export function signatureOf(secret: string, timestampS: number, body: Uint8Array): string {
  return `v1=${createHmac("sha256", secret).update(`${timestampS}.`).update(body).digest("hex")}`;
}
