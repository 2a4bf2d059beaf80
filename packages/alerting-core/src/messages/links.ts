/** Ways from a message into the console. */
import type { AlertEvent } from "@farmscope/proto";
import type { Message } from "./message.ts";
import { timeText } from "./words.ts";

/** How long before an alert its replay begins, and how long after it ends, in milliseconds. */
const REPLAY_BEFORE_MS = 300_000;
const REPLAY_AFTER_MS = 60_000;

export interface Link {
  readonly text: string;
  readonly href: string;
}

/** The place at that moment, and a replay of what led to it. Empty when the console has no address. */
export function linksOf(event: AlertEvent, { consoleUrl }: Pick<Message, "consoleUrl">): readonly Link[] {
  if (consoleUrl === "") return [];
  const { node = "", farm = "" } = event.labels;
  const at = encodeURIComponent(timeText(event.atMs));
  const place = node === "" ? `farms/${encodeURIComponent(farm)}` : `nodes/${encodeURIComponent(node)}`;
  const scope = node === "" ? `farm=${encodeURIComponent(farm)}` : `nodes=${encodeURIComponent(node)}`;
  const from = encodeURIComponent(timeText(Number(event.sinceMs) - REPLAY_BEFORE_MS));
  const to = encodeURIComponent(timeText(Number(event.atMs) + REPLAY_AFTER_MS));
  return [
    { text: "Console at that moment", href: `${consoleUrl}/#/${place}?at=${at}` },
    { text: "Replay", href: `${consoleUrl}/#/replay?${scope}&from=${from}&to=${to}` },
  ];
}
