import { OperatingError, type StageCounter } from "@farmscope/runtime";
import type { FastifyInstance } from "fastify";
import { REQUESTS_MAX } from "../limits.ts";

/**
 * Lets at most REQUESTS_MAX requests in at a time. A refused one costs next to nothing, so the others stay fast. Event
 * streams are not counted here: they have a limit of their own.
 */
export function admit(app: FastifyInstance, counter: StageCounter): void {
  app.addHook("onRequest", async (request, reply) => {
    counter.in++;
    if (counter.held > REQUESTS_MAX) {
      counter.dropped++;
      throw new OperatingError("OVERLOADED", `${REQUESTS_MAX} requests are being served`, {
        retriable: true,
        remedy: "ask again in a moment, or run more replicas of the query API",
      });
    }
    if (request.routeOptions.config.isStream === true) counter.out++;
    else reply.raw.once("close", () => counter.out++);
  });
}
