import type { AlertEventLine, AlertsAnswer } from "@farmscope/query-api";
import { formatDuration, formatMoment } from "@farmscope/query-api/format";
import { defineCommand } from "../command.ts";
import { type Output, type Tone, table } from "../output.ts";
import { ApiClient } from "../people/api-client.ts";

export const alerts = defineCommand({
  description: "Shows what is pending or firing, and the newest changes in the lives of alerts.",
  flags: {
    limit: { kind: "integer", minimum: 1, maximum: 1000, default: 20, description: "Newest changes shown." },
  },
  async run({ config, flags, output, clock }) {
    const answer = await new ApiClient(config).get<AlertsAnswer>("/api/v1/alerts", { limit: flags.limit });
    output.answer(answer, () => render(answer, output, clock.nowMs()));
    return 0;
  },
});

function render({ active, events }: AlertsAnswer, output: Output, nowMs: number): string {
  const now = active.map((event) => [
    output.paint(toneOf(event), event.transition),
    event.severity ?? "",
    event.alertKey,
    formatDuration(nowMs - event.sinceMs),
    event.annotations["summary"] ?? "",
  ]);
  const past = events.map((event) => [
    formatMoment(event.atMs),
    output.paint(toneOf(event), event.transition),
    event.severity ?? "",
    event.alertKey,
    event.reason,
  ]);
  return [
    active.length === 0
      ? "nothing is pending or firing"
      : table([["state", "severity", "alert", "for", "summary"], ...now]),
    "",
    past.length === 0
      ? "nothing has happened yet"
      : table([["when", "change", "severity", "alert", "reason"], ...past]),
  ].join("\n");
}

function toneOf({ transition, severity }: AlertEventLine): Tone {
  if (transition === "resolved" || transition === "cancelled") return "good";
  return transition === "pending" ? "plain" : severity === "critical" ? "bad" : "warning";
}
