import { type Config, displayValue, type LoadedConfig, type Origin, SETTINGS } from "@farmscope/runtime";
import { defineCommand } from "../command.ts";
import { table } from "../output.ts";

export const config = defineCommand({
  description:
    "Prints every setting with its value in force and where it came from: a flag, the environment, the settings file or\n" +
    "the default. Secrets are hidden, with --json too.",
  flags: {},

  async run({ config: values, origins, output }) {
    output.answer(documentOf(values, origins), () => render(values, origins));
    return 0;
  },
});

function documentOf(values: Config, origins: LoadedConfig["origins"]): object {
  const settings = SETTINGS.map((setting) => [
    setting.key,
    { value: displayValue(setting, values[setting.key]), from: origins[setting.key] },
  ]);
  return { settings: Object.fromEntries(settings) };
}

function render(values: Config, origins: LoadedConfig["origins"]): string {
  const rows = SETTINGS.map((setting) => [
    setting.key,
    String(displayValue(setting, values[setting.key])),
    originText(origins[setting.key]),
    setting.description,
  ]);
  return table([["SETTING", "VALUE", "FROM", "MEANING"], ...rows]);
}

function originText(origin: Origin): string {
  return origin.source === "default" ? "default" : origin.name;
}
