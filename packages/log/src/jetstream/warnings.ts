import { BROKER_MESSAGE_BYTES } from "../limits.ts";

/** What an operator should know of a server of this version with this limit on messages. */
export function warningsOf(version: string, messageBytesMax: number | undefined): string[] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const warnings: string[] = [];
  if (major < 2 || (major === 2 && minor < 10)) {
    warnings.push(
      `nats-server ${version} does not know sync_interval: acknowledged messages of the last two minutes can be lost ` +
        "on power loss; 2.10 and later can be told to write more often",
    );
  }
  if (messageBytesMax !== undefined && messageBytesMax < BROKER_MESSAGE_BYTES) {
    warnings.push(`max_payload is ${messageBytesMax} bytes: below 1 MiB observations are cut into more parts`);
  }
  return warnings;
}
