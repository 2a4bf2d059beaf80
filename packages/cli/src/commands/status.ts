import { OperatingError } from "@farmscope/runtime";
import { defineCommand } from "../command.ts";
import { table } from "../output.ts";
import { readRunState } from "../stack/run-state.ts";

/** The parts of /api/v1/status that people are shown; --json gives all of it. */
interface Status {
  readonly version: string;
  readonly nodes: { readonly known: number; readonly online: number; readonly observed: number };
  readonly partitions: readonly {
    readonly partition: number;
    readonly owner: string | null;
    readonly position: number | null;
    readonly last: number | null;
    readonly lag: number | null;
    readonly nodes: number;
  }[];
  readonly loss: readonly { readonly stage: string; readonly unit: string; readonly count: number }[];
  readonly warnings: readonly string[];
}

const ANSWER_MS_MAX = 5_000;

export const status = defineCommand({
  description: "Shows how a running installation is: owners, positions, lag, losses by stage, warnings.",
  flags: {},
  async run({ config, output }) {
    const http = readRunState(config.dataDir)?.http ?? config.http;
    const answer = await ask(http);
    output.answer(answer, () => render(http, answer));
    return 0;
  },
});

async function ask(http: string): Promise<Status> {
  try {
    const response = await fetch(`http://${http}/api/v1/status`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    if (response.ok) return (await response.json()) as Status;
    throw new Error(`it answered ${response.status}`);
  } catch (cause) {
    throw new OperatingError("TOOL_MISSING", `no query API answers at http://${http}: nothing is running there`, {
      cause,
      remedy: "start one with `npm start` (or `farmscope up`), or set FARMSCOPE_HTTP to where it listens",
    });
  }
}

function render(http: string, status: Status): string {
  const { nodes } = status;
  const partitions = status.partitions.map((line) =>
    [line.partition, line.owner ?? "nobody", line.position ?? "-", line.last ?? "-", line.lag ?? "-", line.nodes].map(
      String,
    ),
  );
  return [
    `farmscope ${status.version} at http://${http}/`,
    `${nodes.known} nodes, ${nodes.online} online, ${nodes.observed} observed`,
    "",
    table([["partition", "owner", "committed", "newest", "lag", "nodes"], ...partitions]),
    "",
    ...(status.loss.length === 0
      ? ["nothing lost, nothing left out"]
      : [
          table([
            ["stage", "count", "unit"],
            ...status.loss.map((line) => [line.stage, String(line.count), line.unit]),
          ]),
        ]),
    ...status.warnings.map((warning) => `warning: ${warning}`),
  ].join("\n");
}
