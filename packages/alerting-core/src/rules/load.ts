import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Rule } from "@farmscope/domain";
import { messageOf } from "@farmscope/runtime";
import { buildInterval } from "./build-measure.ts";
import { buildRule } from "./build-rule.ts";
import { RulesDocument } from "./document.ts";
import { type RuleFault, RulesInvalid } from "./faults.ts";
import { checkStructure } from "./structure.ts";

/** Most bytes of a rules file, and rules of an installation. */
const FILE_BYTES_MAX = 2 ** 20;
export const RULES_MAX = 1000;

/** What is in a directory of rules. The rules are usable only when there are no faults. */
export interface RulesCheck {
  readonly files: readonly string[];
  readonly rules: readonly Rule[];
  readonly faults: readonly RuleFault[];
}

/**
 * The rules of a directory: all its *.yaml and *.yml but the tests, *.test.yaml.
 * @throws {RulesInvalid} RULES_INVALID, with every fault of every file.
 */
export async function loadRules(dir: string): Promise<readonly Rule[]> {
  const { rules, faults } = await checkRules(dir);
  if (faults.length > 0) throw new RulesInvalid(faults);
  return rules;
}

/** Reads and checks a directory of rules and reports every fault of every file; throws nothing. */
export async function checkRules(dir: string): Promise<RulesCheck> {
  const resolved = resolveRulesDir(dir);
  const faults: RuleFault[] = [];
  const sources = new Map<string, string>();
  for (const file of await listFiles(resolved, faults)) {
    const text = await readRulesText(join(resolved, file), file, faults);
    if (text !== null) sources.set(file, text);
  }
  const checked = checkRuleTexts(sources);
  return { ...checked, faults: [...faults, ...checked.faults] };
}

/** Like {@link checkRules}, for the texts of files by name. */
export function checkRuleTexts(sources: ReadonlyMap<string, string>): RulesCheck {
  const faults: RuleFault[] = [];
  const rules = new Map<string, Rule>();
  for (const [file, text] of sources) {
    const document = new RulesDocument(file, text);
    if (document.faults.length === 0) readGroups(document, rules);
    faults.push(...document.faults);
  }
  if (rules.size > RULES_MAX) faults.push(wholeFault("rules", `are ${rules.size}, of at most ${RULES_MAX}`));
  return { files: [...sources.keys()], rules: [...rules.values()], faults };
}

function readGroups(document: RulesDocument, rules: Map<string, Rule>): void {
  const groups = checkStructure(document);
  groups.forEach((group, groupIndex) => {
    const path = ["groups", groupIndex];
    if (!Array.isArray(group?.rules)) return;
    const intervalMs = document.isFaulty([...path, "interval"])
      ? 0
      : buildInterval(document, [...path, "interval"], group.interval);
    group.rules.forEach((source, ruleIndex) => {
      const rulePath = [...path, "rules", ruleIndex];
      if (document.isFaulty(rulePath)) return;
      const rule = buildRule(document, rulePath, group, intervalMs, source);
      if (rule === null) return;
      if (rules.has(rule.name)) document.report([...rulePath, "alert"], `${rule.name} is the name of another rule`);
      rules.set(rule.name, rule);
    });
  });
}

async function listFiles(dir: string, faults: RuleFault[]): Promise<string[]> {
  try {
    const names = await readdir(dir);
    return names.filter(isRulesFileName).sort();
  } catch (error) {
    faults.push(wholeFault(dir, `cannot be read: ${messageOf(error)}`));
    return [];
  }
}

/** The text of a rules file; null when it cannot be read or is too long, which is reported under its name. */
export async function readRulesText(path: string, file: string, faults: RuleFault[]): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    if (bytes.length <= FILE_BYTES_MAX) return bytes.toString("utf8");
    faults.push(wholeFault(file, `has ${bytes.length} bytes, of at most ${FILE_BYTES_MAX}`));
  } catch (error) {
    faults.push(wholeFault(file, `cannot be read: ${messageOf(error)}`));
  }
  return null;
}

export function isTestFileName(name: string): boolean {
  return /\.test\.ya?ml$/.test(name);
}

export function isRulesFileName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !isTestFileName(name);
}

function wholeFault(file: string, message: string): RuleFault {
  return { file, line: 0, column: 0, path: "", message };
}

/** A relative directory is sought where we run, then where Farmscope is installed. */
export function resolveRulesDir(dir: string): string {
  if (isAbsolute(dir) || existsSync(dir)) return dir;
  const installed = join(import.meta.dirname, "../../../..", dir);
  return existsSync(installed) ? installed : dir;
}
