import { checkpointsEvery, createAggregator } from "@farmscope/aggregator";
import { defineCommand } from "../command.ts";
import { replicaIdOf } from "../replica-id.ts";
import { runService } from "../run-service.ts";

export const aggregate = defineCommand({
  description: "Runs one replica of the aggregator: folds its share of the partitions and commits views to the store.",
  flags: {},
  async run(context) {
    const { config, clock } = context;
    return await runService("aggregate", context, ({ log, store, coordination }, logger) =>
      createAggregator({
        log,
        store,
        coordination,
        clock,
        logger,
        partitions: config.partitions,
        namespace: config.namespace,
        replicaId: replicaIdOf(config),
        limits: checkpointsEvery(config.checkpointIntervalMs),
      }),
    );
  },
});
