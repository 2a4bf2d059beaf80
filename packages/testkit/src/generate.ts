/** `npm run generate`: writes every generated file anew, the code of proto/ first. */
import { runCommand } from "./command.ts";
import { GENERATORS } from "./generate/generators.ts";

const commands: [string, string[]][] = [
  ["buf", ["generate"]],
  ...GENERATORS.map(({ script }): [string, string[]] => [process.execPath, [script]]),
];
for (const [program, args] of commands) {
  const { code, stdout, stderr } = await runCommand(program, args);
  if (code !== 0) {
    console.error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
    process.exit(1);
  }
}
