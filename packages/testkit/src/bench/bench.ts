import { basename } from "node:path";
import { runCommand, toolEnvironment } from "../command.ts";
import { repoFiles } from "../repo.ts";

/** What every `*.bench.ts` exports. */
export interface BenchModule {
  /**
   * Measures once. What it returns holds its seed, a hash of its result and a ratio to a limit or peer measured in the
   * same run; keys end in their unit.
   * @param options.smoke a size that takes about a second, to prove that the bench works.
   */
  run(options: { readonly smoke: boolean }): Promise<Readonly<Record<string, unknown>>>;
}

export interface BenchResult {
  /** File name without `.bench.ts`. */
  readonly name: string;
  readonly file: string;
  readonly smoke: boolean;
  readonly result: Readonly<Record<string, unknown>>;
}

/** The benches whose name is one of `names`; all of them when there are none. */
export function findBenches(names: readonly string[], files: readonly string[] = repoFiles()): string[] {
  const benches = files.filter((path) => path.endsWith(".bench.ts"));
  return names.length === 0 ? benches : benches.filter((file) => names.includes(benchName(file)));
}

export function benchName(file: string): string {
  return basename(file, ".bench.ts");
}

/**
 * Runs one bench in a process of its own, so that no bench warms or spoils another's code.
 * @throws {Error} with the bench's output when it fails.
 */
export async function runBench(file: string, smoke: boolean): Promise<BenchResult> {
  const child = new URL("./bench-child.ts", import.meta.url).pathname;
  const args = ["--expose-gc", child, file, smoke ? "smoke" : "full"];
  const { code, stdout, stderr } = await runCommand(process.execPath, args, {
    environment: toolEnvironment(),
    timeoutMs: smoke ? 120_000 : 900_000,
  });
  if (code !== 0) throw new Error(`${file} ended with ${code}:\n${stdout}${stderr}`);
  const lastLine = stdout.trimEnd().split("\n").at(-1) ?? "";
  return { name: benchName(file), file, smoke, result: JSON.parse(lastLine) as BenchResult["result"] };
}
