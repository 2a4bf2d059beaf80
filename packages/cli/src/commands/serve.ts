import { createQueryApi } from "@farmscope/query-api";
import { defineCommand } from "../command.ts";
import { runService } from "../run-service.ts";

export const serve = defineCommand({
  description: "Runs one replica of the query API with the console.",
  flags: {},
  async run(context) {
    const { config, clock } = context;
    // It answers /readyz while the log is away, so it does not wait for it.
    return await runService(
      "serve",
      context,
      ({ log, store, coordination }, logger) => createQueryApi({ log, store, coordination, clock, logger, config }),
      { early: true },
    );
  },
});
