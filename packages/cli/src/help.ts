import { displayValue, OTHER_VARIABLES, SETTINGS } from "@farmscope/runtime";
import type { Command, CommandEntry } from "./command.ts";
import { COMMON_FLAGS, type FlagSpec, type FlagSpecs } from "./flags.ts";
import { table } from "./output.ts";

/** The overview of all commands. */
export function overview(entries: readonly CommandEntry[]): string {
  return [
    "farmscope: the sensor network and the memory of a fleet",
    "",
    "Usage: farmscope COMMAND [FLAGS]",
    "",
    table(entries.map((entry) => [`  ${entry.name}`, entry.summary])),
    "",
    "farmscope COMMAND --help explains one; farmscope help settings lists all settings.",
    "Exit codes: 0 done, 1 failed, 2 usage or config, 3 something needed is missing.",
  ].join("\n");
}

/** The help of one command. */
export function commandHelp(entry: CommandEntry, command: Command): string {
  const words = command.positionals === undefined ? "" : ` [${command.positionals.placeholder}]`;
  return [
    `farmscope ${entry.name}: ${entry.summary}`,
    "",
    `Usage: farmscope ${entry.name}${words} [FLAGS]`,
    "",
    command.description,
    "",
    "Flags:",
    flagTable({ ...command.flags, ...COMMON_FLAGS }),
    "",
    "Every setting is a flag too: farmscope help settings lists them.",
  ].join("\n");
}

/** All settings: flag, variable, default, meaning; and the variables that are no settings. */
export function settingsHelp(): string {
  const settings = SETTINGS.map((setting) => [
    `  --${setting.flag}`,
    setting.env,
    String(displayValue(setting, setting.defaultValue)),
    setting.description,
  ]);
  return [
    "Flags stand over the environment, which stands over farmscope.yaml (keys as in farmscope config), over defaults.",
    "",
    table([["  FLAG", "VARIABLE", "DEFAULT", "MEANING"], ...settings]),
    "",
    "Variables that are no settings:",
    table(Object.entries(OTHER_VARIABLES).map(([name, meaning]) => [`  ${name}`, meaning])),
  ].join("\n");
}

function flagTable(flags: FlagSpecs): string {
  return table(Object.entries(flags).map(([name, spec]) => [`  --${name}${placeholderOf(spec)}`, explanationOf(spec)]));
}

function placeholderOf(spec: FlagSpec): string {
  if (spec.kind === "switch") return "";
  return ` ${spec.placeholder ?? spec.choices?.join("|") ?? "VALUE"}`;
}

function explanationOf(spec: FlagSpec): string {
  if (spec.required === true) return `${spec.description} Needed.`;
  return spec.default === undefined ? spec.description : `${spec.description} Default: ${spec.default}.`;
}
