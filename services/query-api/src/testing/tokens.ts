import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A tokens file for one test. */
export function writeTokens(tokens: readonly { name: string; role: string; token: string }[]) {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-tokens-"));
  const path = join(directory, "tokens.json");
  writeFileSync(path, JSON.stringify({ tokens }));
  return { path, remove: () => rmSync(directory, { recursive: true }) };
}
