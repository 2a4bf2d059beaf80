import { OperatingError } from "@farmscope/runtime";

/** A word that a command cannot do without. @throws {OperatingError} USAGE. */
export function requireWord(words: readonly string[], index: number, name: string): string {
  const word = words[index];
  if (word === undefined) {
    throw new OperatingError("USAGE", `${name} is missing`, { remedy: "--help shows what the command takes" });
  }
  return word;
}
