import type { StatusAnswer } from "@farmscope/query-api";
import { defineCommand } from "../command.ts";
import { type Output, table } from "../output.ts";
import { ApiClient } from "../people/api-client.ts";

export const status = defineCommand({
  description: "Shows how a running installation is: owners, positions, lag, losses by stage, warnings.",
  flags: {},
  async run({ config, output }) {
    const client = new ApiClient(config);
    const answer = await client.get<StatusAnswer>("/api/v1/status");
    output.answer(answer, () => render(client.http, answer, output));
    return 0;
  },
});

function render(http: string, status: StatusAnswer, output: Output): string {
  const { nodes } = status;
  const partitions = status.partitions.map((line) =>
    [
      line.partition,
      line.owner ?? output.paint("bad", "nobody"),
      line.position ?? "-",
      line.last ?? "-",
      line.lag ?? "-",
      line.nodes,
    ].map(String),
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
    ...status.warnings.map((warning) => output.paint("warning", `warning: ${warning}`)),
  ].join("\n");
}
