import { join } from "node:path";
import { createLogger } from "@farmscope/runtime";
import { freePort } from "@farmscope/testkit";
import { defineCommand } from "../command.ts";
import { untilSignal } from "../signals.ts";
import { runSession } from "../stack/session.ts";
import { SOURCE_FLAGS } from "../stack/source-flags.ts";
import { exitCodeOf, renderSummary } from "./up.ts";

const { source: _source, trace: _trace, speed: _speed, ...syntheticFlags } = SOURCE_FLAGS;

export const simulate = defineCommand({
  description:
    "Runs everything on seeded traffic of simulated nodes, until each has sent its events, and prints the summary with " +
    "the canonical hash: the same seed gives the same hash, whatever was killed on the way. Its data lie in " +
    "DATA_DIR/simulation, apart from those of `up`.",
  flags: {
    ...syntheticFlags,
    nodes: { ...syntheticFlags.nodes, default: 50 },
    events: { ...syntheticFlags.events, default: 100_000 },
    for: {
      kind: "number",
      minimum: 1,
      maximum: 31_536_000,
      placeholder: "SECONDS",
      description: "Stop after so long.",
    },
    fresh: { kind: "switch", description: "Remove the data of earlier runs first." },
  },
  async run({ flags, config, origins, clock, output }) {
    const http = origins.http.source === "default" ? `127.0.0.1:${await freePort()}` : config.http;
    const summary = await runSession({
      // Simulated nodes must not mix with real ones: they have data and an address of their own.
      config: { ...config, http, dataDir: join(config.dataDir, "simulation") },
      flags: { ...flags, source: "synthetic", trace: undefined, speed: 1 },
      clock,
      logger: createLogger("simulate", config.logLevel === "info" ? "warn" : config.logLevel),
      tell: (line) => output.note(`farmscope: ${line}`),
      fresh: flags.fresh,
      forSeconds: flags.for ?? null,
      withHash: true,
      signal: untilSignal(),
    });
    output.answer(summary, () => renderSummary(summary));
    return exitCodeOf(summary);
  },
});
