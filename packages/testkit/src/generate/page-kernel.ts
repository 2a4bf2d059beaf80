/**
 * Writes packages/domain/src/kernel/page-kernel.gen.ts: the C files beside it, compiled for WebAssembly. The compiler and
 * its linker (Debian: clang, lld) need not be there to run farmscope: what is written names its sources by their hash and
 * its compiler. Without them, or with others, the file is left as it is as long as its sources are the ones it names.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { REPO_ROOT } from "../repo.ts";

const DIRECTORY = join(REPO_ROOT, "packages/domain/src/kernel");
const GENERATED = join(DIRECTORY, "page-kernel.gen.ts");
const STACK_BYTES = 4096;

const FLAGS = [
  "--target=wasm32",
  "-std=gnu11",
  "-O3",
  "-flto",
  "-ffreestanding",
  "-nostdlib",
  "-fvisibility=hidden",
  "-mbulk-memory",
  "-msign-ext",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wl,--no-entry",
  "-Wl,--lto-O3",
  "-Wl,--export-dynamic",
  "-Wl,--strip-all",
  `-Wl,-z,stack-size=${STACK_BYTES}`,
];

const sources = readdirSync(DIRECTORY)
  .filter((name) => /\.[ch]$/.test(name))
  .sort();

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const part of [...FLAGS, ...sources.flatMap((name) => [name, readFileSync(join(DIRECTORY, name))])]) {
    hash.update(part).update("\0");
  }
  return hash.digest("hex");
}

/** The compiler's first line about itself; null when it or the linker is missing. */
async function compiler(): Promise<string | null> {
  const [clang, linker] = await Promise.all([runCommand("clang", ["--version"]), runCommand("wasm-ld", ["--version"])]);
  return clang.code === 0 && linker.code === 0 ? clang.stdout.split("\n")[0] : null;
}

async function compile(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "page-kernel-"));
  try {
    const output = join(directory, "page-kernel.wasm");
    const files = sources.filter((name) => name.endsWith(".c")).map((name) => join(DIRECTORY, name));
    const { code, stderr } = await runCommand("clang", [...FLAGS, "-o", output, ...files]);
    if (code !== 0) throw new Error(stderr);
    return readFileSync(output).toString("base64");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const sourcesHash = hashOfSources();
const before = readFileSync(GENERATED, { encoding: "utf8", flag: "a+" });
const present = await compiler();
const isFresh = before.includes(`// Sources: sha256 ${sourcesHash}\n`);
if (isFresh && (present === null || !before.includes(`// Compiler: ${present}\n`))) process.exit(0);
if (present === null) {
  console.error("page-kernel.gen.ts is stale, and clang or wasm-ld (Debian: clang, lld) is missing to write it");
  process.exit(1);
}
writeFileSync(
  GENERATED,
  `// Generated from the C files beside it by packages/testkit/src/generate/page-kernel.ts. Do not edit.
// Sources: sha256 ${sourcesHash}
// Compiler: ${present}

/** A WebAssembly module, base64. */
export const PAGE_KERNEL_BASE64 =
  "${await compile()}";
`,
);
