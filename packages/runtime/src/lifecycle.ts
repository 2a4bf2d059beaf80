import type { Clock } from "./clock.ts";
import { messageOf } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** Something that runs until it is told to stop. */
export interface Service {
  /** Resolves when it is stopped in an orderly way; rejects when it cannot go on. */
  run(signal: AbortSignal): Promise<void>;
}

/** Longest time that draining may take after SIGTERM, in milliseconds. */
export const DRAIN_MS_MAX = 9_000;

/**
 * Runs a service until SIGTERM or SIGINT, lets it drain and returns the exit code: 0 after an orderly stop, 1 after an
 * error or when draining took longer than {@link DRAIN_MS_MAX}.
 */
export async function runUntilSignal(service: Service, clock: Clock, logger: Logger): Promise<number> {
  const controller = new AbortController();
  const ended = new AbortController();
  const stop = (): void => controller.abort();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
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
  process.removeListener("SIGTERM", stop);
  process.removeListener("SIGINT", stop);
  return code;
}
