import type { Clock, Config, LoadedConfig } from "@farmscope/runtime";
import type { FlagSpecs, FlagValues } from "./flags.ts";
import type { Output } from "./output.ts";

/** What a command runs with. */
export interface CommandContext<F extends FlagSpecs = FlagSpecs> {
  readonly flags: FlagValues<F>;
  /** Words that are no flags; always empty unless the command has `positionals`. */
  readonly positionals: readonly string[];
  readonly config: Config;
  readonly origins: LoadedConfig["origins"];
  readonly output: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** The registry, for the help. */
  readonly commands: readonly CommandEntry[];
}

/** One command of `farmscope`, apart from its name and summary, which stand in the registry of cli.ts. */
export interface Command<F extends FlagSpecs = FlagSpecs> {
  /** What the command does and shows, in full sentences, for its help. */
  readonly description: string;
  /** Flags of its own. No name may be that of a setting or of a common flag. */
  readonly flags: F;
  /** Name and greatest number of the words that it takes besides flags. Default: none. */
  readonly positionals?: { readonly placeholder: string; readonly max: number };
  /** @returns the exit code: 0 done, 1 failed, 2 usage or config, 3 something needed is missing. */
  run(context: CommandContext<F>): Promise<number>;
}

/** Gives a command's flags their types. */
export function defineCommand<const F extends FlagSpecs>(command: Command<F>): Command<F> {
  return command;
}

/** A line of the registry: enough for the overview, without loading what the command needs. */
export interface CommandEntry {
  readonly name: string;
  /** Half a sentence for the overview. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}
