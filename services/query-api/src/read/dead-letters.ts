import type { EventLog } from "@farmscope/log";
import { DeadLetterReason, DeadLetterSchema, fromBinary } from "@farmscope/proto";
import { DEAD_LETTERS_SHOWN } from "../limits.ts";
import { enumName } from "../measure/enum-name.ts";
import { num } from "../measure/number.ts";
import type { StatusAnswer } from "../schemas/index.ts";

const READ_WAIT_MS = 500;

/**
 * How many dead letters there are, and the newest of them.
 * @throws {OperatingError} LOG_UNAVAILABLE (retriable).
 */
export async function readDeadLetters(log: EventLog): Promise<StatusAnswer["deadLetters"]> {
  const { first, last, messages } = await log.positions({ kind: "dead" });
  if (messages === 0) return { messages, newest: [] };
  const from = Math.max(first, last - DEAD_LETTERS_SHOWN + 1);
  const reader = await log.read({ kind: "dead" }, { from, allowTruncated: true });
  try {
    const records = await reader.next(DEAD_LETTERS_SHOWN, READ_WAIT_MS);
    return { messages, newest: records.map((record) => shown(record.payload)).reverse() };
  } finally {
    await reader.close();
  }
}

function shown(payload: Uint8Array): StatusAnswer["deadLetters"]["newest"][number] {
  const { stream, position, reason, detail, appendedAtMs } = fromBinary(DeadLetterSchema, payload);
  const why = enumName(DeadLetterReason, reason);
  return { stream, position: num(position), reason: why, detail, appendedAtMs: num(appendedAtMs) };
}
