/**
 * Matchers of labels, as routes, inhibition and silences write them: `severity="critical"`, `team=~"mem.*"`. Their
 * meaning is Alertmanager's: a regular expression (RE2's, matched in time linear in the value, whatever somebody wrote) must
 * match the whole value, and an absent label is the empty one.
 */
import { type Matcher, MatchKind } from "@farmscope/proto";
import { RE2JS } from "re2js";

/** Labels of an alert as matchers see them. */
export type AlertLabels = Readonly<Record<string, string>>;

/** Most characters of a matcher's value. */
export const MATCHER_LENGTH_MAX = 1000;

const OPERATORS = ["=~", "!~", "!=", "="] as const;
type Operator = (typeof OPERATORS)[number];

const OPERATOR_BY_KIND: Readonly<Record<MatchKind, Operator | null>> = {
  [MatchKind.UNSPECIFIED]: null,
  [MatchKind.EQUAL]: "=",
  [MatchKind.NOT_EQUAL]: "!=",
  [MatchKind.REGEX]: "=~",
  [MatchKind.NOT_REGEX]: "!~",
};

const WRITTEN = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s;

/** A test of one label. */
export class LabelMatcher {
  readonly label: string;
  readonly operator: Operator;
  readonly value: string;
  readonly #test: (value: string) => boolean;

  /** @throws {Error} when the value is to be a regular expression and is none. */
  constructor(label: string, operator: Operator, value: string) {
    this.label = label;
    this.operator = operator;
    this.value = value;
    const isRegex = operator === "=~" || operator === "!~";
    const whole = isRegex ? RE2JS.compile(value, RE2JS.DOTALL) : null;
    const holds = whole === null ? (given: string) => given === value : (given: string) => whole.matches(given);
    this.#test = operator.startsWith("!") ? (given) => !holds(given) : holds;
  }

  matches(labels: AlertLabels): boolean {
    return this.#test(Object.hasOwn(labels, this.label) ? labels[this.label]! : "");
  }

  /** As it is written; the same for the same meaning. */
  toString(): string {
    return `${this.label}${this.operator}${JSON.stringify(this.value)}`;
  }
}

/** Reads a matcher as it is written. @returns the matcher, or what is wrong with it. */
export function parseMatcher(written: string): LabelMatcher | string {
  const match = WRITTEN.exec(written);
  if (match === null) return `is no matcher such as severity="critical" or team=~"mem.*": ${written.slice(0, 60)}`;
  const [, label, operator, value] = match as unknown as [string, string, Operator, string];
  return buildMatcher(label, operator, unquoted(value));
}

/** The matcher of a record; null when it is none. */
export function matcherOf({ label, kind, value }: Matcher): LabelMatcher | null {
  const operator = OPERATOR_BY_KIND[kind] ?? null;
  if (operator === null) return null;
  const built = buildMatcher(label, operator, value);
  return typeof built === "string" ? null : built;
}

/** The matchers of records that were checked before. @throws {Error} when one is none. */
export function matchersOf(matchers: readonly Matcher[]): LabelMatcher[] {
  return matchers.map((matcher) => {
    const built = matcherOf(matcher);
    if (built === null) throw new Error("invariant broken: a matcher was checked before");
    return built;
  });
}

function buildMatcher(label: string, operator: Operator, value: string): LabelMatcher | string {
  if (value.length > MATCHER_LENGTH_MAX) return `has a value of more than ${MATCHER_LENGTH_MAX} characters`;
  try {
    return new LabelMatcher(label, operator, value);
  } catch (error) {
    return `has a value that is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function unquoted(value: string): string {
  const inside = QUOTED.exec(value)?.[1];
  if (inside === undefined) return value;
  return inside.replaceAll(/\\(.)/gs, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

/** Whether all matchers match; an empty list does. */
export function matchesAll(matchers: readonly LabelMatcher[], labels: AlertLabels): boolean {
  return matchers.every((matcher) => matcher.matches(labels));
}
