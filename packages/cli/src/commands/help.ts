import { didYouMean, OperatingError } from "@farmscope/runtime";
import { type CommandEntry, defineCommand } from "../command.ts";
import { commandHelp, overview, settingsHelp } from "../help.ts";

export const help = defineCommand({
  description:
    "Without a word it lists the commands; with a command's name it explains that; `settings` lists all settings.",
  flags: {},
  positionals: { placeholder: "COMMAND|settings", max: 1 },

  async run({ positionals, output, commands }) {
    output.line(await textOf(positionals[0], commands));
    return 0;
  },
});

async function textOf(topic: string | undefined, commands: readonly CommandEntry[]): Promise<string> {
  if (topic === undefined) return overview(commands);
  if (topic === "settings") return settingsHelp();
  const entry = commands.find((candidate) => candidate.name === topic);
  if (entry !== undefined) return commandHelp(entry, await entry.load());
  const topics = [...commands.map((candidate) => candidate.name), "settings"];
  throw new OperatingError("USAGE", `nothing is known of ${topic}${didYouMean(topic, topics)}`);
}
