import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, OperatingError } from "@farmscope/runtime";
import { runCommand } from "../command.ts";
import { REPO_ROOT } from "../repo.ts";
import { MemoryCgroup } from "./memory-cgroup.ts";

/** What the page allocator can be made to do; "mixed" is several of the others at once. */
export const WORKLOADS = [
  "idle",
  "storm",
  "compile",
  "fork",
  "pagecache",
  "thp",
  "pressure",
  "compaction",
  "mixed",
] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

const MIXED: readonly WorkloadName[] = ["storm", "fork", "pagecache", "thp", "compile"];
const SOURCE = fileURLToPath(new URL("./workload.c", import.meta.url));
/** Less than the file that "pressure" reads and writes, in bytes. */
const PRESSURE_BYTES_MAX = 96 * 2 ** 20;
/** Functions in the C++ file that "compile" compiles: one to two seconds of g++. */
const TEMPLATES = 400;

/**
 * Compiles a C program of this directory, when its source is newer than what is there.
 * @returns the path of the program.
 * @throws {OperatingError} TOOL_MISSING.
 */
export async function compileProgram(source: string): Promise<string> {
  const name = source.slice(source.lastIndexOf("/") + 1, -".c".length);
  const program = join(REPO_ROOT, ".cache/workloads", name);
  if (isNewer(program, source)) return program;
  mkdirSync(join(REPO_ROOT, ".cache/workloads"), { recursive: true });
  const made = await runCommand("gcc", ["-O2", "-Wall", "-Wextra", "-o", program, source, "-lpthread"]);
  if (made.code !== 0) {
    throw new OperatingError("TOOL_MISSING", `gcc cannot compile ${name}.c: ${made.stderr}`, {
      remedy: "on Debian: apt install gcc libc6-dev",
    });
  }
  return program;
}

function isNewer(made: string, from: string): boolean {
  try {
    return statSync(made).mtimeMs > statSync(from).mtimeMs;
  } catch {
    return false;
  }
}

/** One workload that runs now. */
export class Workload {
  /** Resolves when its time is up; what it holds may still be held. @throws when it failed. */
  readonly over: Promise<void>;
  readonly #children: { readonly process: ChildProcess; readonly ended: Promise<void> }[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), "farmscope-workload-"));
  readonly #clock: Clock;
  #cgroup: MemoryCgroup | null = null;

  private constructor(name: WorkloadName, seconds: number, program: string, clock: Clock) {
    this.#clock = clock;
    const parts = name === "mixed" ? MIXED : [name];
    this.over = Promise.all(
      parts.map((part) => (part === "compile" ? this.#compile(seconds) : this.#run(program, part, seconds))),
    ).then(() => undefined);
    // Whoever waits is told; nobody waits yet.
    this.over.catch(() => undefined);
  }

  /** @throws {OperatingError} TOOL_MISSING. */
  static async start(name: WorkloadName, seconds: number, clock: Clock): Promise<Workload> {
    return new Workload(name, seconds, await compileProgram(SOURCE), clock);
  }

  /** Ends what is left of it. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.process.kill("SIGKILL");
    await Promise.allSettled(this.#children.map((child) => child.ended));
    this.#cgroup?.remove();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #run(program: string, part: WorkloadName, seconds: number): Promise<void> {
    const words = [part, String(seconds), this.#directory];
    if (part === "pressure") {
      this.#cgroup = MemoryCgroup.create(`farmscope-pressure-${process.pid}`, PRESSURE_BYTES_MAX);
      words.push(this.#cgroup.procsFile);
    }
    await this.#untilOver(program, words);
  }

  async #compile(seconds: number): Promise<void> {
    const source = join(this.#directory, "templates.cc");
    writeFileSync(source, templates(TEMPLATES));
    const endMs = this.#clock.monotonicMs() + seconds * 1000;
    do await this.#untilOver("g++", ["-std=c++17", "-O1", "-c", source, "-o", join(this.#directory, "templates.o")]);
    while (this.#clock.monotonicMs() < endMs);
  }

  async #untilOver(program: string, words: readonly string[]): Promise<void> {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (code === 0 || signal === "SIGKILL") resolve();
        else reject(new Error(`${program} ${words[0]} failed: ${errors}`));
      });
    });
    this.#children.push({ process: child, ended });
    const over = new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("over")) resolve();
      });
    });
    await Promise.race([over, ended]);
  }
}

/** C++ that keeps a compiler busy: many instances of templates of the standard library. */
function templates(count: number): string {
  const lines = ["#include <algorithm>", "#include <map>", "#include <string>", "#include <vector>"];
  for (let index = 0; index < count; index++) {
    lines.push(
      `struct Key${index} { int value; bool operator<(const Key${index}& o) const { return value < o.value; } };`,
      `std::string of${index}(const std::vector<Key${index}>& keys) {`,
      `  std::map<Key${index}, std::string> names; for (auto& key : keys) names[key] = std::to_string(key.value);`,
      "  std::string all; for (auto& [key, name] : names) all += name; return all; }",
    );
  }
  return `${lines.join("\n")}\n`;
}
