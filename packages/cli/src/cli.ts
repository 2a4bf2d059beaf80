import { existsSync } from "node:fs";
import { didYouMean, messageOf, OperatingError, resolveConfig, SystemClock } from "@farmscope/runtime";
import type { Command, CommandContext, CommandEntry } from "./command.ts";
import { exitCodeOf } from "./exit-code.ts";
import { type ParsedFlags, parseFlags } from "./flags.ts";
import { commandHelp, overview } from "./help.ts";
import { Output, type Streams } from "./output.ts";

/** Every command, in the order of the overview. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "up",
    summary: "run everything on this machine",
    load: async () => (await import("./commands/up.ts")).up,
  },
  {
    name: "emit",
    summary: "run the node emitter alone",
    load: async () => (await import("./commands/emit.ts")).emit,
  },
  {
    name: "aggregate",
    summary: "run a replica of the aggregator alone",
    load: async () => (await import("./commands/aggregate.ts")).aggregate,
  },
  {
    name: "alert",
    summary: "run a replica of alerting alone",
    load: async () => (await import("./commands/alert.ts")).alert,
  },
  {
    name: "serve",
    summary: "run a replica of the query API with the console alone",
    load: async () => (await import("./commands/serve.ts")).serve,
  },
  {
    name: "simulate",
    summary: "run everything on seeded traffic of simulated nodes and print the canonical hash",
    load: async () => (await import("./commands/simulate.ts")).simulate,
  },
  {
    name: "record",
    summary: "record this machine's events as a trace",
    load: async () => (await import("./commands/record.ts")).record,
  },
  {
    name: "replay",
    summary: "fold a past range again into a scratch namespace",
    load: async () => (await import("./commands/replay.ts")).replay,
  },
  {
    name: "rebuild",
    summary: "fold the retained log again and compare it with the live views",
    load: async () => (await import("./commands/rebuild.ts")).rebuild,
  },
  {
    name: "truth",
    summary: "run a workload and compare the rebuilt page map with the kernel's own",
    load: async () => (await import("./commands/truth.ts")).truth,
  },
  {
    name: "rules",
    summary: "check alert rules, or run their tests",
    load: async () => (await import("./commands/rules.ts")).rules,
  },
  {
    name: "farms",
    summary: "list the farms: fragmentation, latencies, coverage",
    load: async () => (await import("./commands/farms.ts")).farms,
  },
  {
    name: "node",
    summary: "show one node, now or at a moment",
    load: async () => (await import("./commands/node.ts")).node,
  },
  {
    name: "pages",
    summary: "draw a node's page map in characters, now or at a moment",
    load: async () => (await import("./commands/pages.ts")).pages,
  },
  {
    name: "page",
    summary: "tell the life of one page",
    load: async () => (await import("./commands/page.ts")).page,
  },
  {
    name: "alerts",
    summary: "show what is pending or firing, and what happened",
    load: async () => (await import("./commands/alerts.ts")).alerts,
  },
  {
    name: "status",
    summary: "show how a running installation is",
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    name: "config",
    summary: "print the settings in force and where each came from",
    load: async () => (await import("./commands/config.ts")).config,
  },
  {
    name: "doctor",
    summary: "say what this machine can and cannot do, each with the way out",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "help",
    summary: "explain a command, or all settings",
    load: async () => (await import("./commands/help.ts")).help,
  },
];

const SETTINGS_FILE = "farmscope.yaml";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs one command line. Never throws: an operating error is printed with its code and the way out.
 * @param args the words after the program's name.
 * @returns the exit code.
 */
export async function runCli(args: readonly string[], environment: Environment, streams: Streams): Promise<number> {
  const output = new Output(streams, args.includes("--json"));
  try {
    return await dispatch(args, environment, output);
  } catch (error) {
    reportError(error, output);
    return exitCodeOf(error);
  }
}

async function dispatch(args: readonly string[], environment: Environment, output: Output): Promise<number> {
  const name = args[0];
  if (name === undefined || name === "--help" || name === "-h") {
    output.line(overview(COMMANDS));
    return name === undefined ? 2 : 0;
  }
  const entry = COMMANDS.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const names = COMMANDS.map((candidate) => candidate.name);
    throw new OperatingError("USAGE", `unknown command ${name}${didYouMean(name, names)}`, {
      remedy: "farmscope --help lists the commands",
    });
  }
  const command = await entry.load();
  const parsed = parseFlags(args.slice(1), command.flags);
  if (parsed.values["help"] === true) {
    output.line(commandHelp(entry, command));
    return 0;
  }
  return await command.run(contextOf(entry, command, parsed, environment, output));
}

/** @throws {OperatingError} USAGE or CONFIG_INVALID, with every fault of flags, environment and file, one a line. */
function contextOf(
  entry: CommandEntry,
  command: Command,
  parsed: ParsedFlags,
  environment: Environment,
  output: Output,
): CommandContext {
  const { config, origins, faults } = resolveConfig({
    flags: parsed.settings,
    env: environment,
    file: settingsFile(parsed, environment),
  });
  const usage = [...parsed.faults, ...surplusOf(command, parsed)];
  if (usage.length + faults.length > 0) {
    throw new OperatingError(usage.length > 0 ? "USAGE" : "CONFIG_INVALID", [...usage, ...faults].join("\n"), {
      remedy: `farmscope ${entry.name} --help shows its flags, farmscope help settings all settings`,
    });
  }
  return {
    flags: parsed.values as CommandContext["flags"],
    positionals: parsed.positionals,
    config,
    origins,
    output,
    environment,
    clock: new SystemClock(),
    commands: COMMANDS,
  };
}

function surplusOf(command: Command, parsed: ParsedFlags): string[] {
  const surplus = parsed.positionals.slice(command.positionals?.max ?? 0);
  return surplus.map((word) => `unexpected word ${word}`);
}

function settingsFile(parsed: ParsedFlags, environment: Environment): string | undefined {
  const named = (parsed.values["config"] as string | undefined) ?? (environment["FARMSCOPE_CONFIG"] || undefined);
  if (named !== undefined) return named;
  return existsSync(SETTINGS_FILE) ? SETTINGS_FILE : undefined;
}

function reportError(error: unknown, output: Output): void {
  const expected = error instanceof OperatingError;
  const lines = messageOf(error).split("\n");
  output.note(expected ? `farmscope: ${error.code}` : "farmscope: unexpected error");
  for (const line of lines) output.note(`  ${line}`);
  if (expected && error.remedy !== undefined) output.note(`Way out: ${error.remedy}`);
  if (!expected && error instanceof Error && error.stack !== undefined) output.note(error.stack);
  if (output.json) {
    const code = expected ? error.code : "UNEXPECTED";
    output.answer({ error: { code, faults: lines, remedy: (expected && error.remedy) || null } }, () => "");
  }
}
