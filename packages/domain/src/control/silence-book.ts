import type { Silence } from "@farmscope/proto";
import { type AlertLabels, type LabelMatcher, matchersOf, matchesAll } from "../alert/notify/matcher.ts";
import { SILENCES_MAX } from "./control-limits.ts";
import type { ControlOutcome, ControlPlace } from "./control-outcome.ts";

export interface KnownSilence {
  readonly silence: Silence;
  readonly place: ControlPlace;
}

interface Entry extends KnownSilence {
  readonly startsMs: number;
  readonly endsMs: number;
  readonly matchers: readonly LabelMatcher[];
}

/** Silences by id: the newest record of an id counts. */
export class SilenceBook {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  apply(silence: Silence, place: ControlPlace): ControlOutcome {
    if (!this.#entries.has(silence.id) && !this.#makeRoom(place.appendedAtMs)) return "over-limit";
    this.#entries.set(silence.id, {
      silence,
      place,
      startsMs: Number(silence.startsMs),
      endsMs: Number(silence.endsMs),
      matchers: matchersOf(silence.matchers),
    });
    return "applied";
  }

  get(id: string): KnownSilence | null {
    return this.#entries.get(id) ?? null;
  }

  /** All that are kept, those that ended and those to come too, by their start and id. */
  all(): KnownSilence[] {
    return [...this.#entries.values()].sort(byStart);
  }

  /** Those in force at a time: starts <= at < ends. */
  at(atMs: number): KnownSilence[] {
    return [...this.#entries.values()].filter((entry) => isInForce(entry, atMs)).sort(byStart);
  }

  /** Those that mute an alert of these labels at a time. Cost: one look at each silence in force. */
  muting(labels: AlertLabels, atMs: number): KnownSilence[] {
    return [...this.#entries.values()]
      .filter((entry) => isInForce(entry, atMs) && matchesAll(entry.matchers, labels))
      .sort(byStart);
  }

  /** Forgets the silence that ended first, when there are too many. */
  #makeRoom(nowMs: number): boolean {
    if (this.#entries.size < SILENCES_MAX) return true;
    let first: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.endsMs <= nowMs && (first === null || entry.endsMs < first.endsMs)) first = entry;
    }
    return first !== null && this.#entries.delete(first.silence.id);
  }
}

function isInForce({ startsMs, endsMs }: Entry, atMs: number): boolean {
  return startsMs <= atMs && atMs < endsMs;
}

function byStart(a: Entry, b: Entry): number {
  return a.startsMs - b.startsMs || (a.silence.id < b.silence.id ? -1 : 1);
}
