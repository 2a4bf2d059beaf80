/**
 * Why bytes from outside could not be read; the caller puts the message aside as a dead letter with the reason of the
 * same name (DeadLetterReason in proto/farmscope/event/v1/dead_letter.proto).
 */
export type WireFormatReason = "malformed" | "unknown-version" | "over-limit";

/** Thrown by every decoder of packages/domain/src/wire for bytes that do not follow the format. Never retriable. */
export class WireFormatError extends Error {
  readonly reason: WireFormatReason;

  constructor(reason: WireFormatReason, message: string) {
    super(message);
    this.name = "WireFormatError";
    this.reason = reason;
  }
}
