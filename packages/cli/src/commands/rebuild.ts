import { type DifferenceCount, type RebuildReport, rebuild as rebuildAll } from "@farmscope/history";
import { createLogger } from "@farmscope/runtime";
import { Keys } from "@farmscope/store";
import { defineCommand } from "../command.ts";
import { table } from "../output.ts";
import { openPorts } from "../ports.ts";
import { runningConfig } from "../running.ts";

export const rebuild = defineCommand({
  description:
    "Folds everything that the log retains again, in memory, and compares what comes out with the live views and view " +
    "records over the same range. Ends with 1 when anything differs. Nothing live is changed or held up.",
  flags: {},
  async run({ config, clock, output }) {
    const settings = runningConfig(config);
    const { namespace, partitions } = settings;
    const logger = createLogger("rebuild", settings.logLevel);
    const { log, store, close } = await openPorts(settings, clock, logger);
    try {
      const beganMs = clock.monotonicMs();
      const keys = new Keys(namespace);
      const report = await rebuildAll({ log, store, keys, clock, logger, namespace, partitions });
      const document = documentOf(report, clock.monotonicMs() - beganMs);
      output.answer(document, () => render(report, document));
      return document.different === 0 ? 0 : 1;
    } finally {
      await close();
    }
  },
});

interface RebuildDocument {
  readonly windows: number;
  readonly equal: number;
  readonly different: number;
  readonly events: number;
  readonly events_per_s: number;
}

function documentOf(report: RebuildReport, tookMs: number) {
  const { partials, farms, views, events, firstDifferences, openPartitions } = report;
  const sum = (of: (count: DifferenceCount) => number): number =>
    [partials, farms, views].reduce((a, b) => a + of(b), 0);
  return {
    windows: partials.compared + farms.compared,
    equal: sum(({ equal }) => equal),
    different: sum(({ different }) => different),
    partial_windows: partials,
    farm_windows: farms,
    node_views: views,
    events,
    events_per_s: Math.round((events * 1000) / Math.max(1, tookMs)),
    first_differences: firstDifferences,
    open_partitions: openPartitions,
  };
}

function render(report: RebuildReport, { events, events_per_s }: RebuildDocument): string {
  const line = (name: string, { compared, equal, different }: DifferenceCount): string[] =>
    [name, compared, equal, different].map(String);
  const open = report.openPartitions.map(
    (partition) => `partition ${partition}: its oldest records are gone, so its cumulative counts begin later`,
  );
  return [
    table([
      ["", "compared", "equal", "different"],
      line("partial windows", report.partials),
      line("farm windows", report.farms),
      line("node views", report.views),
    ]),
    ...report.firstDifferences.map(({ what, id, how }) => `${how}: ${what} ${id}`),
    ...open,
    `${events} events folded, ${events_per_s} a second`,
  ].join("\n");
}
