/** Holds a rules file against its schema. */

import { didYouMean } from "@farmscope/runtime";
import { Ajv, type AnySchemaObject, type ErrorObject } from "ajv";
import type { RulesDocument } from "./document.ts";
import type { FaultPath } from "./faults.ts";
import { type GroupSource, RulesFileSchema } from "./schema.ts";

const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
const validate = ajv.compile<{ groups: GroupSource[] }>(RulesFileSchema);

/**
 * Reports whatever does not fit the schema.
 * @returns the groups, as far as they are a list; each part may still be faulty.
 */
export function checkStructure(document: RulesDocument): readonly GroupSource[] {
  if (!validate(document.data)) {
    for (const error of validate.errors ?? []) reportError(document, error);
  }
  const groups = (document.data as { groups?: unknown } | null)?.groups;
  return Array.isArray(groups) ? (groups as GroupSource[]) : [];
}

function reportError(document: RulesDocument, error: ErrorObject): void {
  const path = pathOf(document.data, error.instancePath);
  const { parentSchema = {}, params } = error;
  switch (error.keyword) {
    case "additionalProperties":
      reportUnknownKey(document, path, parentSchema, params["additionalProperty"] as string);
      break;
    case "required":
      document.report(path, `has no '${params["missingProperty"]}'`);
      break;
    default:
      document.report(path, `must be ${parentSchema["description"]}, not ${document.shown(path)}`);
  }
}

function reportUnknownKey(document: RulesDocument, path: FaultPath, schema: AnySchemaObject, key: string): void {
  document.reportKey(path, key, schema["patternProperties"] === undefined ? unknownKey(schema, key) : NOT_A_NAME);
}

const NOT_A_NAME = "is not a name: letters, digits and '_', not beginning with a digit";

function unknownKey(schema: AnySchemaObject, key: string): string {
  const known = Object.keys(schema["properties"] as object);
  const hint = didYouMean(key, known);
  return hint === "" ? `is unknown; known are ${known.join(", ")}` : `is unknown${hint}`;
}

/** A JSON pointer as keys and indexes. Source: RFC 6901, section 4. */
function pathOf(data: unknown, pointer: string): FaultPath {
  const path: (string | number)[] = [];
  let here = data;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(here) ? Number(key) : key);
    here = (here as Record<string, unknown>)[key];
  }
  return path;
}
