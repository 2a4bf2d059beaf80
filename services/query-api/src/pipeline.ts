import { StageCounter } from "@farmscope/runtime";
import type { FastifyInstance } from "fastify";
import { admit } from "./stages/admit.ts";
import { authorize, readTokens } from "./stages/authorize.ts";
import { respond } from "./stages/respond.ts";
import { validate } from "./stages/validate.ts";

/**
 * What a request goes through:
 *
 *   admit      at most so many at a time                       stages/admit.ts
 *   authorize  loopback, or a bearer token with the role       stages/authorize.ts
 *   validate   every parameter against the route's schema      stages/validate.ts, schemas/
 *   read       views from the store, records from the log      read/
 *   measure    views into answers, pure                        measure/, page-map/
 *   respond    by the route's schema, or a problem document    stages/respond.ts
 *
 * Reading and measuring is what a route does: routes/, one file a subject.
 */
export function installPipeline(app: FastifyInstance, tokensFile: string): StageCounter {
  const requests = new StageCounter("requests");
  admit(app, requests);
  authorize(app, tokensFile === "" ? null : readTokens(tokensFile));
  validate(app);
  respond(app);
  return requests;
}
