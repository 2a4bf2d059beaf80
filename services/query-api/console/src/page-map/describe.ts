import { formatBytes, formatWhole } from "../format.ts";
import { type PageMapHead, type RunColumns, runAt } from "./columns.ts";

const hex = (frame: number): string => `0x${frame.toString(16)}`;

/** "page frame 4,711 (0x1267)", or a range of them. */
export function frameName(first: number, count: number): string {
  if (count === 1) return `page frame ${formatWhole(first)} (${hex(first)})`;
  return `page frames ${formatWhole(first)} to ${formatWhole(first + count - 1)}`;
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  unknown: "hole or not observed",
  free: "free",
  pcp: "on a per-CPU list",
  allocated: "allocated",
};

/** The states of a range of frames, most frequent first: "60 % free, 40 % allocated"; with its block for a single one. */
export function contentOf(head: PageMapHead, runs: RunColumns, first: number, count: number): string {
  if (count === 1) return blockOf(head, runs, first);
  const frames = new Map<string, number>();
  let at = first;
  for (let run = runAt(runs, first); run >= 0 && run < runs.first.length && at < first + count; run++) {
    const end = Math.min((runs.first[run] as number) + (runs.count[run] as number), first + count);
    const state = head.states[runs.state[run] as number] as string;
    frames.set(state, (frames.get(state) ?? 0) + end - at);
    at = end;
  }
  return [...frames]
    .sort((a, b) => b[1] - a[1])
    .map(([state, share]) => `${Math.round((100 * share) / count)} % ${STATE_WORDS[state] ?? state}`)
    .join(", ");
}

function blockOf(head: PageMapHead, runs: RunColumns, frame: number): string {
  const run = runAt(runs, frame);
  if (run < 0) return "";
  const state = head.states[runs.state[run] as number] as string;
  const order = runs.order[run] as number;
  const word = STATE_WORDS[state] ?? state;
  if (state === "unknown") return word;
  return `${word}, block of order ${order} (${formatBytes(2 ** order * head.pageSizeBytes)})`;
}
