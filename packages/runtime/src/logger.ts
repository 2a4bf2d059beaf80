import { pino } from "pino";

/** A structured logger; pino's, so that Fastify takes it as it is. */
export type Logger = pino.Logger;

/**
 * A logger that writes JSON lines to standard error (standard output belongs to the answer of a command).
 * @param service name of the service, in every line.
 * @param level "trace" | "debug" | "info" | "warn" | "error" | "silent".
 */
export function createLogger(service: string, level = "info"): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ["*.token", "*.password", "*.secret", "*.authorization"], censor: "[hidden]" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
