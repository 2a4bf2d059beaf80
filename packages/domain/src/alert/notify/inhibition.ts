/** Alerts that explain others: while a source fires, its targets are not told. */
import { type AlertLabels, type LabelMatcher, matchesAll } from "./matcher.ts";

export interface InhibitRule {
  readonly sourceMatchers: readonly LabelMatcher[];
  readonly targetMatchers: readonly LabelMatcher[];
  /** Labels whose values source and target must share. */
  readonly equal: readonly string[];
}

/** Which alerts are inhibited, from those that fire now. */
export class Inhibition {
  readonly #rules: readonly InhibitRule[];
  /** By rule: firing sources by the values of the equal labels. */
  readonly #sources: readonly Map<string, Map<string, AlertLabels>>[];
  /** By rule: under which values a source is kept. */
  readonly #keptUnder: readonly Map<string, string>[];

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules;
    this.#sources = rules.map(() => new Map());
    this.#keptUnder = rules.map(() => new Map());
  }

  /** Takes in how an alert stands; its severity, and so its labels, may have changed. @returns whether a source came or went. */
  note(alertKey: string, labels: AlertLabels, firing: boolean): boolean {
    let changed = false;
    for (const [at, rule] of this.#rules.entries()) {
      const key = firing && matchesAll(rule.sourceMatchers, labels) ? equalKey(rule, labels) : null;
      if (this.#keptUnder[at]!.get(alertKey) === (key ?? undefined)) continue;
      changed = true;
      this.#forget(at, alertKey);
      if (key !== null) this.#keep(at, key, alertKey, labels);
    }
    return changed;
  }

  #forget(at: number, alertKey: string): void {
    const key = this.#keptUnder[at]!.get(alertKey);
    if (key === undefined) return;
    const sources = this.#sources[at]!.get(key)!;
    sources.delete(alertKey);
    if (sources.size === 0) this.#sources[at]!.delete(key);
    this.#keptUnder[at]!.delete(alertKey);
  }

  #keep(at: number, key: string, alertKey: string, labels: AlertLabels): void {
    const sources = this.#sources[at]!.get(key) ?? new Map<string, AlertLabels>();
    this.#sources[at]!.set(key, sources.set(alertKey, labels));
    this.#keptUnder[at]!.set(alertKey, key);
  }

  /** The alert that inhibits this one; null when none does. */
  inhibitorOf(alertKey: string, labels: AlertLabels): string | null {
    for (const [at, rule] of this.#rules.entries()) {
      if (!matchesAll(rule.targetMatchers, labels)) continue;
      const sources = this.#sources[at]!.get(equalKey(rule, labels));
      const source = sources === undefined ? undefined : firstOther(rule, sources, alertKey, labels);
      if (source !== undefined) return source;
    }
    return null;
  }
}

/**
 * An alert that is both source and target is not inhibited by another such one, or two of a kind would silence each
 * other. Source: Alertmanager's documentation of `<inhibit_rule>`.
 */
function firstOther(
  rule: InhibitRule,
  sources: ReadonlyMap<string, AlertLabels>,
  alertKey: string,
  labels: AlertLabels,
): string | undefined {
  const isBoth = matchesAll(rule.sourceMatchers, labels);
  for (const [source, sourceLabels] of sources) {
    if (source === alertKey) continue;
    if (isBoth && matchesAll(rule.targetMatchers, sourceLabels)) continue;
    return source;
  }
  return undefined;
}

function equalKey({ equal }: InhibitRule, labels: AlertLabels): string {
  return JSON.stringify(equal.map((name) => (Object.hasOwn(labels, name) ? labels[name] : "")));
}
