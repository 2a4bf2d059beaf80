import { fileURLToPath } from "node:url";
import { type Clock, type ExitStatus, OperatingError, SupervisedProcess } from "@farmscope/runtime";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** How a command ended, and the document on its last line. */
export interface CommandResult<Document> {
  readonly code: number;
  readonly document: Document;
}

/** `farmscope <args> --json` as a process of its own. */
export class FarmscopeCommand {
  readonly #name: string;
  readonly #process: SupervisedProcess;
  readonly #exited: Promise<ExitStatus>;
  #exit: (status: ExitStatus) => void = () => undefined;

  private constructor(args: readonly string[], environment: Readonly<Record<string, string>>, clock: Clock) {
    this.#name = `farmscope ${args[0]}`;
    this.#exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
    const env = { ...environment, FARMSCOPE_LOG_LEVEL: "warn" };
    const command = { command: process.execPath, args: [MAIN, ...args, "--json"], env };
    const onExit = (status: ExitStatus): void => this.#exit(status);
    this.#process = new SupervisedProcess({ name: this.#name, ...command, onExit }, clock);
  }

  static async start(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    clock: Clock,
  ): Promise<FarmscopeCommand> {
    const command = new FarmscopeCommand(args, environment, clock);
    await command.#process.start();
    return command;
  }

  /** What it said last. */
  get lines(): readonly string[] {
    return this.#process.logs();
  }

  /** As Ctrl-C does. */
  async interrupt(): Promise<void> {
    const { pid } = this.#process;
    if (pid !== undefined) process.kill(pid, "SIGINT");
  }

  /** @throws {OperatingError} CHILD_FAILED when it ends without a document. */
  async ended<Document>(): Promise<CommandResult<Document>> {
    const { code } = await this.#exited;
    const last = this.lines.filter((line) => line.startsWith("{") && !line.startsWith('{"level"')).at(-1);
    if (last === undefined) throw new OperatingError("CHILD_FAILED", `${this.#name}: ${this.lines.join("\n")}`);
    return { code: code ?? 128, document: JSON.parse(last) as Document };
  }
}

/** Runs a command to its end. @throws {OperatingError} CHILD_FAILED when it ends without a document. */
export async function runCommand<Document>(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  clock: Clock,
): Promise<CommandResult<Document>> {
  return await (await FarmscopeCommand.start(args, environment, clock)).ended<Document>();
}
