/** Rules files by path, as the command line names them. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Rule } from "@farmscope/domain";
import { messageOf } from "@farmscope/runtime";
import type { RuleFault } from "./rules/faults.ts";
import { checkRuleTexts, isRulesFileName, isTestFileName, readRulesText } from "./rules/load.ts";
import { type RuleTestsReport, runRuleTests } from "./rules-test/run-rule-tests.ts";

export interface RuleFilesCheck {
  readonly files: readonly string[];
  readonly rules: readonly Rule[];
  readonly faults: readonly RuleFault[];
}

/** Checks rules files, and the rules files of directories, together: names must be unique over all of them. */
export async function checkRuleFiles(paths: readonly string[]): Promise<RuleFilesCheck> {
  const faults: RuleFault[] = [];
  const sources = new Map<string, string>();
  for (const path of await filesOf(paths, isRulesFileName, faults)) {
    const text = await readRulesText(path, path, faults);
    if (text !== null) sources.set(path, text);
  }
  const checked = checkRuleTexts(sources);
  return { ...checked, faults: [...faults, ...checked.faults] };
}

/** Runs the tests of files, and of the test files of directories. */
export async function testRuleFiles(paths: readonly string[]): Promise<readonly RuleTestsReport[]> {
  const faults: RuleFault[] = [];
  const reports: RuleTestsReport[] = [];
  for (const path of await filesOf(paths, isTestFileName, faults)) {
    const text = await readRulesText(path, path, faults);
    if (text === null) continue;
    reports.push(await runRuleTests(path, text, (files) => besides(path, files)));
  }
  return faults.length === 0 ? reports : [...reports, { file: "", passed: [], failed: [], faults }];
}

/** Rules files beside a test, by name. */
async function besides(path: string, files: readonly string[]): Promise<RuleFilesCheck> {
  const foreign = files.filter((file) => basename(file) !== file);
  const faults = foreign.map((file) => ({
    file: path,
    line: 0,
    column: 0,
    path: "rules",
    message: `${file} is not beside it`,
  }));
  return faults.length > 0
    ? { files, rules: [], faults }
    : await checkRuleFiles(files.map((file) => join(dirname(path), file)));
}

async function filesOf(
  paths: readonly string[],
  isWanted: (name: string) => boolean,
  faults: RuleFault[],
): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    try {
      const isDirectory = (await stat(path)).isDirectory();
      const names = isDirectory ? (await readdir(path)).filter(isWanted).sort() : [];
      files.push(...(isDirectory ? names.map((name) => join(path, name)) : [path]));
    } catch (error) {
      faults.push({ file: path, line: 0, column: 0, path: "", message: `cannot be read: ${messageOf(error)}` });
    }
  }
  return files;
}
