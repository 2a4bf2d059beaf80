import type { Tone } from "../output.ts";

/** Source: services/alerting/rules/default.yaml, FarmFragmented. */
const WARNING_FROM = 0.6;
const BAD_FROM = 0.85;

/** How worrying an unusable free space index is. */
export function toneOfIndex(index: number | null): Tone {
  if (index === null || index < WARNING_FROM) return "plain";
  return index < BAD_FROM ? "warning" : "bad";
}
