import { createHash } from "node:crypto";
import { create, type RuleSet, RuleSetSchema } from "@farmscope/proto";

/** A rule file as it lies in the rules directory. */
export interface RuleText {
  /** Path below that directory. */
  readonly name: string;
  /** YAML. */
  readonly text: string;
}

/**
 * The set of these files, by name, with the hash by which an unchanged one is known.
 * @param quantiles those that the rules name: wide windows then carry them.
 */
export function ruleSetOf(files: readonly RuleText[], quantiles: readonly number[] = []): RuleSet {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const hash = createHash("sha256");
  // Lengths keep ("a", "bc") and ("ab", "c") apart.
  for (const { name, text } of sorted) hash.update(`${name.length} ${text.length} ${name}${text}`);
  const named = [...new Set(quantiles)].sort((a, b) => a - b);
  const texts = sorted.map(({ name, text }) => ({ name, text }));
  return create(RuleSetSchema, { files: texts, sha256: hash.digest(), quantiles: named });
}

/** Whether two sets are the same. */
export function isSameRuleSet(a: RuleSet, b: RuleSet): boolean {
  return Buffer.compare(a.sha256, b.sha256) === 0;
}
