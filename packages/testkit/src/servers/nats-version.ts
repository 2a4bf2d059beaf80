import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../repo.ts";
import { type ServerProgram, whyMissing } from "./binary.ts";

/** "packaged": what the system has, in Debian 12 the oldest that Farmscope supports. "newer": {@link NATS_NEWER}. */
export type NatsVersion = "packaged" | "newer";

/** Both: suites that must hold on each are registered for each. */
export const NATS_VERSIONS: readonly NatsVersion[] = ["packaged", "newer"];

/** The newer server that tests are held against besides the packaged one. */
export const NATS_NEWER = "2.15.2";

const PACKAGED: ServerProgram = {
  name: "nats-server",
  requiredAs: "nats",
  overrideName: "FARMSCOPE_NATS_SERVER",
};

const INSTALLS = join(REPO_ROOT, ".cache/nats");

const NEWER: ServerProgram = {
  name: "nats-server",
  requiredAs: "nats-newer",
  overrideName: "FARMSCOPE_NATS_SERVER_NEWER",
  path: process.env["FARMSCOPE_NATS_SERVER_NEWER"] ?? join(INSTALLS, NATS_NEWER, "nats-server"),
};

/** Longest time that fetching and building it may take, in milliseconds; 40 s is usual on two cores. */
const INSTALL_MS_MAX = 300_000;
/** How long a failed installation is believed, in milliseconds: test files follow each other. */
const FAILURE_MS_MAX = 600_000;

export function natsProgram(version: NatsVersion): ServerProgram {
  return version === "newer" ? NEWER : PACKAGED;
}

/**
 * Why there is no server of this version, or null when it is there. The newer one is installed when it is first asked
 * for: built from its Go module, once.
 * @throws {OperatingError} TOOL_MISSING when FARMSCOPE_REQUIRE names "nats" ("nats-newer") and it is not there.
 */
export function whyNatsMissing(version: NatsVersion): string | null {
  if (version === "packaged") return whyMissing(PACKAGED);
  const failure = existsSync(NEWER.path as string) ? null : install();
  const reason = whyMissing(NEWER);
  return reason === null ? null : `nats-newer: ${reason}${failure === null ? "" : `: ${failure}`}`;
}

/** @returns what went wrong, or null. */
function install(): string | null {
  const failureNote = join(INSTALLS, `${NATS_NEWER}.failed`);
  const known = recentNote(failureNote);
  if (known !== null) return known;
  // Another process may do the same at the same time: what is built is moved into its place at once.
  const scratch = join(INSTALLS, `${NATS_NEWER}.${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  const failure = goInstall(scratch);
  if (failure === null) moveInto(scratch, join(INSTALLS, NATS_NEWER));
  else writeFileSync(failureNote, failure);
  rmSync(scratch, { recursive: true, force: true });
  return failure;
}

function recentNote(path: string): string | null {
  if (!existsSync(path)) return null;
  return Date.now() - statSync(path).mtimeMs < FAILURE_MS_MAX ? readFileSync(path, "utf8") : null;
}

function goInstall(directory: string): string | null {
  const { error, status, stderr } = spawnSync("go", ["install", `github.com/nats-io/nats-server/v2@v${NATS_NEWER}`], {
    encoding: "utf8",
    cwd: directory,
    timeout: INSTALL_MS_MAX,
    // A toolchain cannot be had from a module proxy everywhere: the one that is there has to do.
    env: { ...process.env, GOBIN: directory, GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
  });
  if (error !== undefined) return `go could not be run (${error.message})`;
  return status === 0 ? null : `go install failed (${stderr.trim().split("\n").at(-1) ?? status})`;
}

function moveInto(scratch: string, place: string): void {
  try {
    renameSync(scratch, place);
  } catch (error) {
    // Somebody else was faster.
    if (!existsSync(join(place, "nats-server"))) throw error;
  }
}
