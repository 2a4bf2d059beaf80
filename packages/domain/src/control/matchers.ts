import { type Matcher, MatchKind } from "@farmscope/proto";
import { RE2JS } from "re2js";

/** Labels of an alert; one that is absent counts as empty. */
export type Labels = Readonly<Record<string, string>>;

type Test = (value: string) => boolean;

/**
 * What a matcher asks of a label's value. Regular expressions are RE2's: they match whole values, in time that grows with
 * the length alone, whatever somebody wrote.
 * @throws {Error} when its kind or expression is not valid.
 */
function testOf({ kind, value }: Matcher): Test {
  switch (kind) {
    case MatchKind.EQUAL:
      return (found) => found === value;
    case MatchKind.NOT_EQUAL:
      return (found) => found !== value;
    case MatchKind.REGEX: {
      const pattern = RE2JS.compile(value);
      return (found) => pattern.matches(found);
    }
    case MatchKind.NOT_REGEX: {
      const pattern = RE2JS.compile(value);
      return (found) => !pattern.matches(found);
    }
    default:
      throw new Error(`kind ${kind} of a matcher is not known`);
  }
}

/** A list of matchers, ready to be asked: it matches what all of them match. */
export class Matchers {
  readonly #tests: readonly { readonly label: string; readonly test: Test }[];

  /** @throws {Error} when one is not valid; {@link faultOfMatcher} says so beforehand. */
  constructor(matchers: readonly Matcher[]) {
    this.#tests = matchers.map((matcher) => ({ label: matcher.label, test: testOf(matcher) }));
  }

  match(labels: Labels): boolean {
    return this.#tests.every(({ label, test }) => test(Object.hasOwn(labels, label) ? labels[label]! : ""));
  }
}

/** What is wrong with a matcher, or null. */
export function faultOfMatcher(matcher: Matcher): string | null {
  try {
    testOf(matcher);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
