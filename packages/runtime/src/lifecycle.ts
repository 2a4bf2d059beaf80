import type { Clock } from "./clock.ts";
import { messageOf } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** Something that runs until it is told to stop. */
export interface Service {
  /** Resolves when it is stopped in an orderly way; rejects when it cannot go on. */
  run(signal: AbortSignal): Promise<void>;
}

/** What tells of signals. */
export type SignalSource = Pick<NodeJS.EventEmitter, "once" | "removeListener">;

/** Longest time that draining may take after SIGTERM, in milliseconds. */
export const DRAIN_MS_MAX = 9_000;

/**
 * Runs a service until SIGTERM or SIGINT, lets it drain and returns the exit code: 0 after an orderly stop, 1 after an
 * error or when draining took longer than {@link DRAIN_MS_MAX}.
 * @param signals who tells of signals; the process itself, but for tests.
 */
export async function runUntilSignal(
  service: Service,
  clock: Clock,
  logger: Logger,
  signals: SignalSource = process,
): Promise<number> {
  const controller = new AbortController();
  const ended = new AbortController();
  const stop = (): void => controller.abort();
  signals.once("SIGTERM", stop);
  signals.once("SIGINT", stop);
  const overdue = new Promise<number>((resolve) => {
    controller.signal.addEventListener("abort", () => {
      clock.sleep(DRAIN_MS_MAX, ended.signal).then(
        () => resolve(1),
        () => undefined,
      );
    });
  });
  const finished = service.run(controller.signal).then(
    () => 0,
    (error: unknown) => {
      logger.error({ err: error }, `stopped: ${messageOf(error)}`);
      return 1;
    },
  );
  const code = await Promise.race([finished, overdue]);
  ended.abort();
  signals.removeListener("SIGTERM", stop);
  signals.removeListener("SIGINT", stop);
  return code;
}
