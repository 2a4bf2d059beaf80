import { type AlertState, INACTIVE, type InstanceLabels, isForgettable } from "@farmscope/domain";

/** Most alerts with a state; more than a fleet of 5,000 nodes has with 20 rules. */
export const ALERTS_MAX = 200_000;

/** An alert with its state. */
export interface BookEntry {
  readonly alertKey: string;
  readonly rule: string;
  readonly labels: InstanceLabels;
  readonly state: AlertState;
}

/**
 * The states of all alerts that have one: by rule and farm, as they are evaluated. An inactive alert whose streaks are
 * empty has none.
 */
export class AlertBook {
  readonly #shelves = new Map<string, Map<string, BookEntry>>();
  #size = 0;
  /** Alerts that could not be followed because the book is full. */
  refused = 0;

  /** States of a rule's alerts in a farm, by alert key. */
  shelf(rule: string, farm: string): ReadonlyMap<string, BookEntry> {
    return this.#shelves.get(shelfKey(rule, farm)) ?? EMPTY;
  }

  stateOf(rule: string, farm: string, alertKey: string): AlertState {
    return this.shelf(rule, farm).get(alertKey)?.state ?? INACTIVE;
  }

  /**
   * Keeps a state, or forgets the alert when nothing would be lost.
   * @returns false when the book is full: the alert is not followed.
   */
  keep(entry: BookEntry): boolean {
    const key = shelfKey(entry.rule, entry.labels["farm"] ?? "");
    const known = this.#shelves.get(key)?.has(entry.alertKey) ?? false;
    if (isForgettable(entry.state)) {
      if (known) this.#remove(key, entry.alertKey);
      return true;
    }
    if (!known && this.#size >= ALERTS_MAX) {
      this.refused++;
      return false;
    }
    if (!known) this.#size++;
    const shelf = this.#shelves.get(key) ?? new Map<string, BookEntry>();
    this.#shelves.set(key, shelf.set(entry.alertKey, entry));
    return true;
  }

  /** Alerts of one farm. Costs a step for each rule and farm. */
  *ofFarm(farm: string): Generator<BookEntry> {
    const suffix = shelfKey("", farm);
    for (const [key, shelf] of [...this.#shelves]) if (key.endsWith(suffix)) yield* [...shelf.values()];
  }

  /** Forgets an alert, whatever its state. */
  forget(rule: string, farm: string, alertKey: string): void {
    const key = shelfKey(rule, farm);
    if (this.#shelves.get(key)?.has(alertKey) === true) this.#remove(key, alertKey);
  }

  *entries(): Generator<BookEntry> {
    for (const shelf of this.#shelves.values()) yield* shelf.values();
  }

  /** Forgets alerts that were settled before a position from which on everything will be read again. */
  forgetSettled(beforePosition: number): void {
    for (const { alertKey, rule, labels, state } of [...this.entries()]) {
      if (state.phase !== "inactive" || state.decidedAt >= beforePosition) continue;
      this.#remove(shelfKey(rule, labels["farm"] ?? ""), alertKey);
    }
  }

  /** Takes all positions back, for a log that began anew: what is decided from here on is decided for the first time. */
  forgetPositions(): void {
    for (const shelf of this.#shelves.values()) {
      for (const [alertKey, entry] of shelf)
        shelf.set(alertKey, { ...entry, state: { ...entry.state, decidedAt: 0, talliedAt: 0 } });
    }
  }

  #remove(key: string, alertKey: string): void {
    const shelf = this.#shelves.get(key)!;
    shelf.delete(alertKey);
    if (shelf.size === 0) this.#shelves.delete(key);
    this.#size--;
  }
}

const EMPTY: ReadonlyMap<string, BookEntry> = new Map();

function shelfKey(rule: string, farm: string): string {
  return `${rule}\n${farm}`;
}
