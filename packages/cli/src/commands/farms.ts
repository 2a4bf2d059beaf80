import type { FarmsAnswer } from "@farmscope/query-api";
import { formatBytes, formatNines, formatShare, formatTime, NOTHING } from "@farmscope/query-api/format";
import { defineCommand } from "../command.ts";
import { type Output, table } from "../output.ts";
import { ApiClient } from "../people/api-client.ts";
import { quantileOf } from "../people/latency-words.ts";
import { toneOfIndex } from "../people/tone.ts";

export const farms = defineCommand({
  description: "Shows every farm as of its newest closed window: fragmentation, free memory, latencies, coverage.",
  flags: {},
  async run({ config, output }) {
    const answer = await new ApiClient(config).get<FarmsAnswer>("/api/v1/farms");
    output.answer(answer, () => render(answer, output));
    return 0;
  },
});

function render({ farms }: FarmsAnswer, output: Output): string {
  if (farms.length === 0) return "no farm yet: the first window of ten seconds has not closed";
  const rows = farms.map((farm) => [
    farm.farm,
    `${farm.nodesOnline}/${farm.nodesKnown}`,
    output.paint(
      toneOfIndex(farm.unusableIndex),
      farm.unusableIndex === null ? NOTHING : formatShare(farm.unusableIndex),
    ),
    farm.worstNode ?? NOTHING,
    formatBytes(farm.freePages * 4096),
    quantileOf(farm.latency, "runq_delay", 0.99),
    quantileOf(farm.latency, "gc_pause", 0.99),
    formatNines(farm.coverage),
    formatTime(farm.windowStartMs + farm.windowWidthMs),
  ]);
  const head = ["farm", "nodes", "unusable", "worst node", "free", "run-queue P99", "GC P99", "coverage", "window to"];
  return table([head, ...rows]);
}
