/** What people asked not to hear for a while, from fs.control. */
import type { Silence } from "@farmscope/proto";
import { SILENCES_MAX } from "../../control/control-limits.ts";
import { type AlertLabels, type LabelMatcher, matcherOf, matchesAll } from "./matcher.ts";

/** Most silences that are known at a time; those that ended go first. */
export { SILENCES_MAX };

interface KnownSilence {
  readonly id: string;
  readonly matchers: readonly LabelMatcher[];
  readonly startsMs: number;
  readonly endsMs: number;
}

export class Silences {
  readonly #silences = new Map<string, KnownSilence>();
  /** Records that could not be followed: no matchers, a matcher that is none, or too many silences. */
  refused = 0;

  /**
   * Takes in a record; a later one of the same id replaces the earlier one. A silence without matchers is refused: it
   * would mute everything by mistake.
   */
  note(silence: Silence, nowMs: number): void {
    const matchers = silence.matchers.map(matcherOf);
    if (matchers.length === 0 || matchers.includes(null)) {
      this.refused++;
      return;
    }
    if (!this.#silences.has(silence.id) && !this.#hasRoom(nowMs)) {
      this.refused++;
      return;
    }
    this.#silences.set(silence.id, {
      id: silence.id,
      matchers: matchers as LabelMatcher[],
      startsMs: Number(silence.startsMs),
      endsMs: Number(silence.endsMs),
    });
  }

  /** The silence that mutes an alert now, and ends first; null when none does. */
  active(labels: AlertLabels, nowMs: number): { readonly id: string; readonly endsMs: number } | null {
    let first: KnownSilence | null = null;
    for (const silence of this.#silences.values()) {
      if (nowMs < silence.startsMs || nowMs >= silence.endsMs || !matchesAll(silence.matchers, labels)) continue;
      if (first === null || silence.endsMs < first.endsMs) first = silence;
    }
    return first;
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#silences.size < SILENCES_MAX) return true;
    for (const [id, { endsMs }] of this.#silences) if (endsMs <= nowMs) this.#silences.delete(id);
    return this.#silences.size < SILENCES_MAX;
  }
}
