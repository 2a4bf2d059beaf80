import {
  type BurnCounts,
  burnCounts,
  burnReading,
  type ClosedWindow,
  insufficient,
  mergeDistributions,
  type Reading,
  type Rule,
  type Slo,
  signalFacts,
} from "@farmscope/domain";

/** Counts of good and bad values for the rules with an objective, by farm, as far back as their longest windows reach. */
export class BurnBook {
  readonly #series = new Map<string, BurnCounts[]>();

  /** Takes a window, whether the rule is due at it or not. */
  add(rule: Rule, slo: Slo, window: ClosedWindow): void {
    const key = keyOf(rule, window.farm);
    const longestMs = Math.max(...slo.burns.map((burn) => burn.longMs));
    const series = (this.#series.get(key) ?? []).filter(({ endMs }) => endMs > window.endMs - longestMs);
    series.push(countsOf(rule, slo, window));
    this.#series.set(key, series);
  }

  read(rule: Rule, slo: Slo, window: ClosedWindow): Reading {
    const series = this.#series.get(keyOf(rule, window.farm));
    if (series === undefined) return insufficient("NoData");
    return burnReading(slo, series, window.widthMs, rule.coverageMin);
  }

  /** Forgets the series of rules that are in force no more, and of those that changed. */
  keepOnly(rules: readonly Rule[]): void {
    const kept = new Set(rules.map((rule) => keyOf(rule, "")));
    for (const key of this.#series.keys()) {
      if (!kept.has(`${key.slice(0, key.lastIndexOf("\n"))}\n`)) this.#series.delete(key);
    }
  }

  /** Position of the oldest window counted; null when there is none. */
  get oldestPosition(): number | null {
    let oldest: number | null = null;
    for (const [first] of this.#series.values()) {
      if (first !== undefined) oldest = Math.min(oldest ?? first.position, first.position);
    }
    return oldest;
  }
}

/** Two rules of one name and different objectives have nothing in common. */
function keyOf({ name, signal, measure }: Rule, farm: string): string {
  return `${JSON.stringify([name, signal, measure])}\n${farm}`;
}

function countsOf(rule: Rule, slo: Slo, window: ClosedWindow): BurnCounts {
  const { endMs, position, record } = window;
  const distribution = window.distribution(signalFacts(rule.signal).distribution!);
  // A malformed distribution was not seen.
  if (distribution === null) return { endMs, position, coverage: 0, total: 0, badLeast: 0, badMost: 0 };
  return {
    endMs,
    position,
    coverage: record.coverage,
    ...burnCounts(mergeDistributions([distribution]), slo.goodBelowUs),
  };
}
