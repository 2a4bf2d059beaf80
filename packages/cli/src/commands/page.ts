import type { TrajectoryAnswer } from "@farmscope/query-api";
import { formatBytes, formatDuration, formatMoment, formatWhole, orNothing } from "@farmscope/query-api/format";
import { OperatingError } from "@farmscope/runtime";
import { defineCommand } from "../command.ts";
import { type Output, table } from "../output.ts";
import { ApiClient } from "../people/api-client.ts";
import { requireWord } from "../people/require-word.ts";

export const page = defineCommand({
  description: "Tells the life of one page: when it was allocated, freed and reused, by whom, in which block.",
  flags: {
    from: {
      kind: "text",
      placeholder: "TIME",
      description: "RFC 3339 or Unix milliseconds. Default: 10 minutes before --to.",
    },
    to: { kind: "text", placeholder: "TIME", description: "The same. Default: now." },
  },
  positionals: { placeholder: "NODE PFN", max: 2 },
  async run({ config, flags, output, positionals }) {
    const name = requireWord(positionals, 0, "NODE");
    const pfn = frameOf(requireWord(positionals, 1, "PFN"));
    const path = `/api/v1/nodes/${encodeURIComponent(name)}/pages/${pfn}`;
    const answer = await new ApiClient(config).get<TrajectoryAnswer>(path, { from: flags.from, to: flags.to });
    output.answer(answer, () => render(answer, output));
    return 0;
  },
});

/** A page frame number, decimal or with 0x. @throws {OperatingError} USAGE. */
function frameOf(text: string): number {
  const frame = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(frame)) return frame;
  throw new OperatingError("USAGE", `${text} is no page frame number`, { remedy: "write 4711 or 0x1267" });
}

function render(answer: TrajectoryAnswer, output: Output): string {
  const held = answer.held === null ? "not known" : answer.held ? "allocated" : "not allocated";
  const rows = answer.steps.map((step) => [
    formatMoment(step.atMs),
    output.paint(step.kind === "free" ? "good" : "accent", step.kind),
    `${formatBytes(2 ** step.order * 4096)} from ${formatWhole(step.first)}`,
    String(step.pid),
    step.cgroupPath ?? String(step.cgroup),
    orNothing(step.sinceMs, formatDuration),
    [step.afterLoss ? "events lost before" : "", step.broken ? "steps missing before" : ""].filter(Boolean).join(", "),
  ]);
  return [
    `page frame ${formatWhole(answer.pfn)} of ${answer.node}, ${formatMoment(answer.fromMs)} to ${formatMoment(answer.toMs)}; at the end: ${held}`,
    rows.length === 0
      ? "nothing happened to it in that time"
      : table([["when", "what", "block", "pid", "cgroup", "after", ""], ...rows]),
    ...(answer.omitted > 0 ? [`${formatWhole(answer.omitted)} older steps are left out`] : []),
  ].join("\n");
}
