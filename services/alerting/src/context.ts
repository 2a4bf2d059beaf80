import type { Change } from "@farmscope/alerting-core";
import type { AnnotationBook, NoticeLine } from "@farmscope/domain";

/** How long before an alert a change may have to do with it, in milliseconds. */
export const CHANGES_BEFORE_MS = 3_600_000;
/** Most changes that a message tells of; the newest. */
export const CHANGES_MAX = 5;

/** What changed before the alerts of a message, newest first. */
export function contextOf(annotations: AnnotationBook, lines: readonly NoticeLine[]): readonly Change[] {
  const found = new Map<string, Change>();
  for (const { event } of lines) {
    const { farm, node } = event.labels;
    const range = { fromMs: Number(event.sinceMs) - CHANGES_BEFORE_MS, toMs: Number(event.atMs) + 1 };
    const where = { ...(farm === undefined ? {} : { farm }), ...(node === undefined ? {} : { node }) };
    for (const { annotation } of annotations.inRange({ ...range, ...where })) {
      found.set(annotation.id, { atMs: Number(annotation.atMs), text: annotation.text, url: annotation.url });
    }
  }
  return [...found.values()].sort((a, b) => b.atMs - a.atMs).slice(0, CHANGES_MAX);
}
