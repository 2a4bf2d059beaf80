import {
  checkRuleFiles,
  faultText,
  type RuleFault,
  type RuleTestsReport,
  resolveRulesDir,
  testRuleFiles,
} from "@farmscope/alerting-core";
import { OperatingError } from "@farmscope/runtime";
import { type CommandContext, defineCommand } from "../command.ts";

const ACTIONS = ["check", "test"] as const;
const PATHS_MAX = 100;

export const rules = defineCommand({
  description:
    "check PATH…: checks rules files (or the rules files of directories) and reports every fault with its file, line and " +
    "column. test PATH…: runs tests of rules, *.test.yaml. Without a path: the rules directory of the settings. Ends with " +
    "1 when there are faults.",
  flags: {},
  positionals: { placeholder: "check|test PATH…", max: 1 + PATHS_MAX },
  async run(context) {
    const [action, ...named] = context.positionals;
    const paths = named.length > 0 ? named : [resolveRulesDir(context.config.rulesDir)];
    if (action === "check") return await check(context, paths);
    if (action === "test") return await test(context, paths);
    throw new OperatingError("USAGE", `farmscope rules takes ${ACTIONS.join(" or ")}`, {
      remedy: "farmscope rules --help explains them",
    });
  },
});

async function check({ output }: CommandContext, paths: readonly string[]): Promise<number> {
  const { files, rules: usable, faults } = await checkRuleFiles(paths);
  output.answer({ files, rules: usable.map(({ name }) => name), faults }, () =>
    [...faults.map(faultText), `${usable.length} rules in ${files.length} files, ${countOf(faults)}`].join("\n"),
  );
  return faults.length === 0 ? 0 : 1;
}

async function test({ output }: CommandContext, paths: readonly string[]): Promise<number> {
  const reports = await testRuleFiles(paths);
  const faults = reports.flatMap((report) => report.faults);
  const passed = reports.flatMap((report) => report.passed).length;
  const failed = reports.flatMap((report) => report.failed).length;
  output.answer({ files: reports.map(({ file }) => file), passed, failed, faults }, () =>
    [...reports.flatMap(linesOf), `${passed} passed, ${failed} failed, ${countOf(faults)}`].join("\n"),
  );
  return faults.length === 0 && passed > 0 ? 0 : 1;
}

function linesOf({ passed, failed, faults }: RuleTestsReport): string[] {
  return [
    ...passed.map((name) => `ok      ${name}`),
    ...failed.map((name) => `FAILED  ${name}`),
    ...faults.map(faultText),
  ];
}

function countOf(faults: readonly RuleFault[]): string {
  return faults.length === 1 ? "1 fault" : `${faults.length} faults`;
}
