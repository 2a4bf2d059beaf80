import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { OperatingError } from "@farmscope/runtime";

/** Where set-up unpacks Debian packages when it may not install them. */
const SYSROOT = fileURLToPath(new URL("../../../../.cache/sysroot", import.meta.url));

/** A server program that Farmscope can start beside itself. */
export interface ServerProgram {
  /** File name of the program: "nats-server". */
  readonly name: string;
  /** Its name in FARMSCOPE_REQUIRE: "nats". */
  readonly requiredAs: string;
  /** Environment variable with a path that stands over the search. */
  readonly overrideName: string;
  /** The only file that it may be. Absent: it is looked for. */
  readonly path?: string;
}

export interface Binary {
  readonly path: string;
  /** "2.9.10". */
  readonly version: string;
  /** What it needs in its environment to find its libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/** Looks for the program: the override alone if set, else PATH, /usr/sbin, /usr/bin and the unpacked packages. */
export function findBinary(program: ServerProgram): Binary | null {
  for (const path of candidates(program)) {
    if (!isExecutable(path)) continue;
    const env = path.startsWith(SYSROOT) ? { LD_LIBRARY_PATH: sysrootLibraries().join(delimiter) } : {};
    const version = probeVersion(path, env);
    if (version !== null) return { path, version, env };
  }
  return null;
}

/**
 * Why tests that need the program must be skipped, or null when it is there.
 * @throws {OperatingError} TOOL_MISSING when it is not there and FARMSCOPE_REQUIRE names it.
 */
export function whyMissing(program: ServerProgram): string | null {
  if (findBinary(program) !== null) return null;
  const override = process.env[program.overrideName];
  const where = override === undefined ? "PATH, /usr/sbin, /usr/bin or .cache/sysroot" : override;
  const reason = `${program.name} was not found in ${where}`;
  const required = (process.env["FARMSCOPE_REQUIRE"] ?? "").split(",").map((name) => name.trim());
  if (required.includes(program.requiredAs)) throw toolMissing(program, reason);
  return reason;
}

/** @throws {OperatingError} TOOL_MISSING. */
export function requireBinary(program: ServerProgram): Binary {
  const binary = findBinary(program);
  if (binary === null) throw toolMissing(program, `${program.name} was not found`);
  return binary;
}

function toolMissing(program: ServerProgram, reason: string): OperatingError {
  return new OperatingError("TOOL_MISSING", reason, {
    remedy: `install it (Debian: apt install ${program.name}), or set ${program.overrideName} to its path`,
  });
}

function candidates(program: ServerProgram): string[] {
  if (program.path !== undefined) return [program.path];
  const override = process.env[program.overrideName];
  if (override !== undefined && override !== "") return [override];
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  const elsewhere = ["/usr/sbin", "/usr/bin", join(SYSROOT, "usr/sbin"), join(SYSROOT, "usr/bin")];
  return [...onPath, ...elsewhere].map((directory) => join(directory, program.name));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian's library directories inside the sysroot: usr/lib/x86_64-linux-gnu and the like. */
function sysrootLibraries(): string[] {
  const root = join(SYSROOT, "usr/lib");
  const triplets = readdirSync(root).filter((name) => name.endsWith("-linux-gnu"));
  return triplets.map((name) => join(root, name));
}

/** "nats-server: v2.9.10", "Redis server v=7.0.15 sha=…" or "prometheus, version 2.42.0+ds"; null when it does not run. */
function probeVersion(path: string, env: Readonly<Record<string, string>>): string | null {
  const { stdout } = spawnSync(path, ["--version"], {
    encoding: "utf8",
    timeout: 5_000,
    env: { ...process.env, ...env },
  });
  return /\b(?:version |v=?)(\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1] ?? null;
}

/** Whether `version` is `major.minor` or later. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = version.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
