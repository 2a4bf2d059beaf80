import type { EventLog, StreamName } from "@farmscope/log";
import { type Clock, type Logger, messageOf, retrying } from "@farmscope/runtime";

/** A record that the fold wants to be in the log. Its id is the same whenever the same log is folded. */
export interface Effect {
  readonly stream: StreamName;
  readonly key: string;
  readonly id: string;
  readonly payload: Uint8Array;
}

/** Appends effects, pipelined and in order, and resolves when the broker has acknowledged all of them. */
export async function appendEffects(
  effects: readonly Effect[],
  log: EventLog,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  await Promise.all(
    effects.map(({ stream, key, id, payload }) =>
      retrying(clock, () => log.append(stream, key, payload, { id }), {
        onFailure: (error, attempt) => logger.warn({ code: error.code, attempt, id }, messageOf(error)),
      }),
    ),
  );
}
