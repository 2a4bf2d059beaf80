import { createLogger, type Logger, runUntilSignal, type Service } from "@farmscope/runtime";
import type { CommandContext } from "./command.ts";
import { ensureStreams, openPorts, type Ports } from "./ports.ts";

/**
 * Runs one service until SIGTERM or SIGINT: opens the ports, waits for the log's streams, runs it, closes the ports.
 * @param create makes the service; called once the streams are there, unless `early`.
 * @returns the exit code: 0 after an orderly stop, 1 when the service could not go on.
 */
export async function runService(
  name: string,
  { config, clock }: Pick<CommandContext, "config" | "clock">,
  create: (ports: Ports, logger: Logger) => Service | Promise<Service>,
  options: { readonly early?: boolean } = {},
): Promise<number> {
  const logger = createLogger(name, config.logLevel);
  const ports = await openPorts(config, clock, logger);
  const service: Service = {
    run: async (signal) => {
      if (options.early === true) {
        void ensureStreams(ports, clock, logger, signal).catch(() => undefined);
      } else {
        await ensureStreams(ports, clock, logger, signal);
      }
      await (await create(ports, logger)).run(signal);
    },
  };
  try {
    return await runUntilSignal(service, clock, logger);
  } finally {
    await ports.close();
  }
}
