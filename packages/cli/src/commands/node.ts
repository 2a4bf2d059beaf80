import type { NodeAnswer } from "@farmscope/query-api";
import { formatBytes, formatCount, formatMoment, formatNines, formatShare, NOTHING } from "@farmscope/query-api/format";
import { defineCommand } from "../command.ts";
import { type Output, table } from "../output.ts";
import { ApiClient } from "../people/api-client.ts";
import { quantileOf } from "../people/latency-words.ts";
import { requireWord } from "../people/require-word.ts";
import { toneOfIndex } from "../people/tone.ts";

export const node = defineCommand({
  description: "Shows one node: its memory by order of block, its latencies, its cgroups, and how sure all of that is.",
  flags: {
    at: {
      kind: "text",
      placeholder: "TIME",
      description: "At that moment: RFC 3339, Unix milliseconds, or @POSITION.",
    },
  },
  positionals: { placeholder: "NODE", max: 1 },
  async run({ config, flags, output, positionals }) {
    const name = requireWord(positionals, 0, "NODE");
    const answer = await new ApiClient(config).get<NodeAnswer>(`/api/v1/nodes/${encodeURIComponent(name)}`, {
      at: flags.at,
    });
    output.answer(answer, () => render(answer, output));
    return 0;
  },
});

const QUANTILES = [0.5, 0.95, 0.99] as const;

function render(node: NodeAnswer, output: Output): string {
  const { facts } = node;
  const host = facts === null ? "" : `, Linux ${facts.kernelRelease}, ${facts.cpus} CPUs, ${facts.source}`;
  const index = node.unusableIndex;
  const signals = (["runq_delay", "gc_pause"] as const).map((signal) => [
    signal === "runq_delay" ? "run-queue delay" : "GC pause",
    ...QUANTILES.map((quantile) => quantileOf(node.latency, signal, quantile)),
  ]);
  return [
    `${output.paint("strong", node.label || node.node)}: farm ${node.farm}${host}`,
    `${node.online ? "online" : output.paint("bad", "offline")}, as of ${formatMoment(Date.parse(node.at))}, coverage ${formatNines(node.coverage)}, map right ${node.agreement?.rightRatio == null ? NOTHING : formatNines(node.agreement.rightRatio)}`,
    `${formatBytes(node.freePages * 4096)} free of ${formatBytes(node.managedPages * 4096)}, ${output.paint(toneOfIndex(index), index === null ? NOTHING : formatShare(index))} of it unusable for huge pages`,
    "",
    table([["since first seen", "P50", "P95", "P99"], ...signals]),
    "",
    table([
      ["block", "free blocks", "kernel says", "unusable"],
      ...node.orders.map((order) => [
        formatBytes(2 ** order.order * 4096),
        formatCount(order.freeBlocks),
        kernelBlocks(node, order.order),
        formatShare(order.unusableIndex),
      ]),
    ]),
  ].join("\n");
}

function kernelBlocks(node: NodeAnswer, order: number): string {
  const counts = node.zones.map((zone) => zone.orders.find((line) => line.order === order)?.buddyinfo ?? null);
  if (counts.every((count) => count === null)) return NOTHING;
  return formatCount(counts.reduce<number>((sum, count) => sum + (count ?? 0), 0));
}
