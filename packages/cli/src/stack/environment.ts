import { type Config, SETTINGS } from "@farmscope/runtime";

/** Settings as environment variables, for children. */
export function environmentOf(config: Config): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const setting of SETTINGS) {
    const value = String(config[setting.key]);
    if (value !== "") environment[setting.env] = value;
  }
  return environment;
}
