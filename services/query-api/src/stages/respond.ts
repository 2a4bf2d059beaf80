import { OperatingError } from "@farmscope/runtime";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { problemOf, RequestInvalid } from "../problems.ts";

const PROBLEM_TYPE = "application/problem+json";
/** Seconds after which it makes sense to ask again. */
const RETRY_AFTER_S = 1;

/** Answers errors, and paths that do not exist, by problem documents; the rest is answered by its route's schema. */
export function respond(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = translate(error as Error);
    if (!(known instanceof OperatingError)) request.log.error({ err: error }, "a request failed");
    return sendProblem(reply, known, request.url);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new OperatingError("NOT_FOUND", `there is no ${request.method} ${pathOf(request.url)}`),
      request.url,
    ),
  );
}

/** Answers requests that are too malformed to reach a route. */
export function respondToMalformed(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  void sendProblem(reply, translate(error), request.url);
}

function sendProblem(reply: FastifyReply, error: unknown, url: string): FastifyReply {
  const problem = problemOf(error, pathOf(url));
  if (error instanceof OperatingError && error.retriable) reply.header("retry-after", RETRY_AFTER_S);
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}

/** The framework's own refusals (a malformed URL, an unsupported body) are faults of the request. */
function translate(error: Error): unknown {
  const status = (error as FastifyError).statusCode ?? 500;
  if (error instanceof OperatingError || status < 400 || status > 499) return error;
  return new RequestInvalid([{ field: "request", message: error.message }]);
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] as string;
}
