/** Holds a rules file against its schema. */

import { didYouMean } from "@farmscope/runtime";
import { Ajv, type AnySchemaObject, type ErrorObject } from "ajv";
import type { RulesDocument } from "./document.ts";
import type { FaultPath } from "./faults.ts";
import { type GroupSource, RulesFileSchema } from "./schema.ts";

const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
const isRulesFile = structureCheck(RulesFileSchema);

/**
 * Reports whatever does not fit the schema.
 * @returns the groups, as far as they are a list; each part may still be faulty.
 */
export function checkStructure(document: RulesDocument): readonly GroupSource[] {
  isRulesFile(document);
  const groups = (document.data as { groups?: unknown } | null)?.groups;
  return Array.isArray(groups) ? (groups as GroupSource[]) : [];
}

/** A check of whole documents against one schema, which reports whatever does not fit. */
export function structureCheck(schema: AnySchemaObject): (document: RulesDocument) => boolean {
  const validate = ajv.compile(schema);
  return (document) => {
    if (validate(document.data)) return true;
    for (const error of validate.errors ?? []) reportError(document, error);
    return false;
  };
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
    case "enum":
      document.report(path, `must be ${parentSchema["description"]}, not ${document.shown(path)}${nearest(error)}`);
      break;
    default:
      document.report(path, `must be ${parentSchema["description"]}, not ${document.shown(path)}`);
  }
}

function reportUnknownKey(document: RulesDocument, path: FaultPath, schema: AnySchemaObject, key: string): void {
  document.reportKey(path, key, schema["patternProperties"] === undefined ? unknownKey(schema, key) : NOT_A_NAME);
}

/** The known word that was probably meant. */
function nearest({ data, params }: ErrorObject): string {
  return typeof data === "string" ? didYouMean(data, params["allowedValues"] as readonly string[]) : "";
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
