/** Where a secret is found; its value is never kept in a document, nor told in a message. */
import { readFile } from "node:fs/promises";
import { OperatingError } from "@farmscope/runtime";

export type SecretSource =
  | { readonly from: "env"; readonly name: string }
  | { readonly from: "file"; readonly path: string }
  /** Of a setting, or an address that is written openly. */
  | { readonly from: "value"; readonly value: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param what for the message, such as "the routing key of oncall/pagerduty".
 * @throws {OperatingError} CONFIG_INVALID when there is none.
 */
export async function readSecret(source: SecretSource, what: string, environment: Environment): Promise<string> {
  const value = (await contentOf(source, what, environment)).trim();
  if (value !== "") return value;
  throw new OperatingError("CONFIG_INVALID", `${what} is empty: ${placeOf(source)}`);
}

async function contentOf(source: SecretSource, what: string, environment: Environment): Promise<string> {
  if (source.from === "value") return source.value;
  if (source.from === "env") return environment[source.name] ?? "";
  try {
    return await readFile(source.path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw new OperatingError("CONFIG_INVALID", `${what} cannot be read from ${source.path}: ${code}`);
  }
}

function placeOf(source: SecretSource): string {
  if (source.from === "env") return `the variable ${source.name} is not set`;
  return source.from === "file" ? `the file ${source.path} holds nothing` : "nothing is set";
}
