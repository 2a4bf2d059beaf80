import { fileURLToPath } from "node:url";
import { type Clock, OperatingError, SupervisedProcess } from "@farmscope/runtime";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/**
 * Runs `farmscope <args> --json` as a process of its own.
 * @returns its exit code and the document on its last line.
 * @throws {OperatingError} CHILD_FAILED when there is no document.
 */
export async function runCommand<Document>(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  clock: Clock,
): Promise<{ readonly code: number; readonly document: Document }> {
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const command = new SupervisedProcess(
    {
      name: `farmscope ${args[0]}`,
      command: process.execPath,
      args: [MAIN, ...args, "--json"],
      env: { ...environment, FARMSCOPE_LOG_LEVEL: "warn" },
      onExit: ({ code }) => end(code ?? 128),
    },
    clock,
  );
  await command.start();
  const code = await ended;
  const last = command
    .logs()
    .filter((line) => line.startsWith("{") && !line.startsWith('{"level"'))
    .at(-1);
  if (last === undefined) throw new OperatingError("CHILD_FAILED", `${args[0]}: ${command.logs().join("\n")}`);
  return { code, document: JSON.parse(last) as Document };
}
