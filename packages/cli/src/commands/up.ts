import { createLogger } from "@farmscope/runtime";
import { defineCommand } from "../command.ts";
import { table } from "../output.ts";
import { untilSignal } from "../signals.ts";
import { runSession } from "../stack/session.ts";
import { SOURCE_FLAGS } from "../stack/source-flags.ts";
import type { RunSummary } from "../stack/summary.ts";

export const up = defineCommand({
  description:
    "Runs everything on this machine: nats-server and redis-server (unless others are configured), the emitter, the " +
    "aggregator, alerting and the query API with its console. Goes on with the data of the run before.",
  flags: {
    ...SOURCE_FLAGS,
    for: {
      kind: "number",
      minimum: 1,
      maximum: 31_536_000,
      placeholder: "SECONDS",
      description: "Stop after so long.",
    },
    fresh: { kind: "switch", description: "Remove the data of earlier runs first." },
    hash: { kind: "switch", description: "Put the canonical hash of the folded state into the summary." },
  },
  async run({ flags, config, clock, output }) {
    const summary = await runSession({
      config,
      flags,
      clock,
      logger: createLogger("up", config.logLevel === "info" ? "warn" : config.logLevel),
      tell: (line) => output.note(`farmscope: ${line}`),
      fresh: flags.fresh,
      forSeconds: flags.for ?? null,
      withHash: flags.hash,
      signal: untilSignal(),
    });
    output.answer(summary, () => renderSummary(summary));
    return exitCodeOf(summary);
  },
});

/** 1 when something that was published is not folded: then the numbers are not the whole. */
export function exitCodeOf({ batches }: RunSummary): number {
  return batches.folded < batches.published ? 1 : 0;
}

export function renderSummary(summary: RunSummary): string {
  const { events, batches } = summary;
  const rows = [
    ["source", summary.source],
    ["node", summary.node ?? `${summary.nodes} nodes`],
    [
      "events",
      `${events.in} = ${events.folded} folded + ${events.dropped} dropped + ${events.lost} lost + ${events.held} held`,
    ],
    ["messages", `${batches.published} published, ${batches.folded} folded`],
    ["coverage", String(summary.coverage)],
    ["windows closed", String(summary.windows_closed)],
    ["alerts fired", String(summary.alerts)],
    [
      "page map",
      summary.right_ratio === null
        ? "no kernel to compare with"
        : `${(summary.right_ratio * 100).toFixed(4)} % of frames right`,
    ],
    ...(summary.hash === null ? [] : [["hash", summary.hash]]),
    ["wall time", `${summary.wall_s} s`],
  ];
  return table(rows);
}
