import { createAlerting } from "@farmscope/alerting";
import { defineCommand } from "../command.ts";
import { runService } from "../run-service.ts";

export const alert = defineCommand({
  description: "Runs one replica of alerting: evaluates the rules on closed windows and delivers what they decide.",
  flags: {},
  async run(context) {
    const { config, clock, environment } = context;
    return await runService("alert", context, ({ log, store, coordination }, logger) =>
      createAlerting({ log, store, coordination, clock, logger, config, environment }),
    );
  },
});
