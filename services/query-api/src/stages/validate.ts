import type { FastifyInstance, FastifySchemaValidationError } from "fastify";
import { type Fault, RequestInvalid } from "../problems.ts";

/** Options of the validator: every fault is found, numbers are read from text, nothing is dropped or made up. */
export const AJV_OPTIONS = {
  customOptions: { allErrors: true, coerceTypes: true, removeAdditional: false, useDefaults: true },
} as const;

/** Turns a route's validation faults into a problem document that names each of them. */
export function validate(app: FastifyInstance): void {
  app.setSchemaErrorFormatter(
    (errors, part) => new RequestInvalid(distinct(errors.map((error) => faultOf(error, part)))),
  );
}

function faultOf(error: FastifySchemaValidationError, part: string): Fault {
  if (error.keyword === "additionalProperties") {
    return { field: String(error.params["additionalProperty"]), message: `is not a parameter of this ${part}` };
  }
  const field = error.instancePath.slice(1) || String(error.params["missingProperty"] ?? part);
  return { field, message: error.message ?? "is not valid" };
}

/** A union reports one fault a member: the first of a field says enough. */
function distinct(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.toReversed().map((fault) => [fault.field, fault])).values()].reverse();
}
