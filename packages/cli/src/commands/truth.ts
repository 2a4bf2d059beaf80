import { join } from "node:path";
import { createLogger } from "@farmscope/runtime";
import { freePort } from "@farmscope/testkit";
import { WORKLOADS } from "@farmscope/testkit/workloads";
import { defineCommand } from "../command.ts";
import { untilSignal } from "../signals.ts";
import { holds } from "../truth/limits.ts";
import { renderReport } from "../truth/render.ts";
import { runTruth } from "../truth/run.ts";

export const truth = defineCommand({
  description:
    "Runs a workload under the whole path, from the kernel through the log to the aggregator, on servers and data of its " +
    "own, then compares the rebuilt page map with the kernel's own, frame by frame. Ends with 1 when it is not as right " +
    "as it should be. Needs root, BPF and gcc; compile and mixed need g++.",
  flags: {
    workload: { kind: "text", choices: WORKLOADS, default: "storm", description: "What the kernel is made to do." },
    seconds: { kind: "number", minimum: 1, maximum: 240, default: 10, description: "For how long." },
  },
  async run({ flags, config, clock, output }) {
    const report = await runTruth({
      config: {
        ...config,
        dataDir: join(config.dataDir, "truth"),
        http: `127.0.0.1:${await freePort()}`,
      },
      workload: flags.workload,
      seconds: flags.seconds,
      clock,
      logger: createLogger("truth", config.logLevel === "info" ? "warn" : config.logLevel),
      tell: (line) => output.note(`farmscope: ${line}`),
      signal: untilSignal(),
    });
    output.answer(report, () => renderReport(report));
    return holds(report) ? 0 : 1;
  },
});
