import { createEmitter } from "@farmscope/node-emitter";
import { defineCommand } from "../command.ts";
import { runService } from "../run-service.ts";
import { chooseSource } from "../stack/choose-source.ts";
import { openSource } from "../stack/open-source.ts";
import { SOURCE_FLAGS } from "../stack/source-flags.ts";

export const emit = defineCommand({
  description:
    "Runs the node emitter alone: watches this host (or a trace, or simulated nodes) and publishes to the log.",
  flags: SOURCE_FLAGS,
  async run(context) {
    const { flags, config, clock, output } = context;
    const kind = await chooseSource(flags.source, (line) => output.note(`farmscope: ${line}`));
    return await runService("emit", context, async ({ log }, logger) => {
      const source = await openSource(kind, flags, config, clock);
      const { farm, partitions, dataDir, redisWatch } = config;
      return createEmitter({ log, clock, logger, source, farm, partitions, dataDir, redisWatch });
    });
  },
});
