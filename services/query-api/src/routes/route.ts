import type { IncomingMessage, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, RawServerDefault } from "fastify";
import Type, { type TSchema } from "typebox";
import { Problem } from "../schemas/index.ts";
import type { Role } from "../stages/authorize.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may ask; absent: everybody. */
    readonly role?: Role;
    /** Whether the answer goes on until somebody hangs up. */
    readonly isStream?: boolean;
  }
}

/** Our server, with TypeBox schemas as the types of requests. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export const NoQuery = Type.Object({}, { additionalProperties: false });

/** What a route declares: everything that OpenAPI shows of it. */
export interface RouteDeclaration<Query extends TSchema, Params extends TSchema, Body extends TSchema> {
  readonly summary: string;
  readonly tag: "farms" | "nodes" | "live" | "alerts" | "jobs" | "control" | "status";
  readonly querystring?: Query;
  readonly params?: Params;
  /** Shape of the request's body, which must be JSON. */
  readonly body?: Body;
  /** Status of a success; default 200. */
  readonly status?: 200 | 201 | 202;
  /** Shape of the answer, when it is JSON. */
  readonly answer: TSchema;
  /** Other representations, by media type. */
  readonly alternatives?: Readonly<Record<string, TSchema>>;
}

const problemResponse = {
  description: "Problem document (RFC 9457)",
  content: { "application/problem+json": { schema: Problem } },
};

/** Fastify's schema of a route. Unknown query parameters are refused. */
export function declare<
  Query extends TSchema = typeof NoQuery,
  Params extends TSchema = typeof NoQuery,
  Body extends TSchema = typeof NoQuery,
>(route: RouteDeclaration<Query, Params, Body>) {
  const content = { "application/json": { schema: route.answer }, ...mediaTypes(route.alternatives ?? {}) };
  return {
    summary: route.summary,
    tags: [route.tag],
    querystring: (route.querystring ?? NoQuery) as Query,
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.body === undefined ? {} : { body: route.body }),
    response: {
      [route.status ?? 200]: { description: route.summary, content },
      "4xx": problemResponse,
      "5xx": problemResponse,
    },
  } as { summary: string; tags: string[]; querystring: Query; params: Params; body: Body; response: object };
}

function mediaTypes(alternatives: Readonly<Record<string, TSchema>>) {
  return Object.fromEntries(Object.entries(alternatives).map(([type, schema]) => [type, { schema }]));
}

/** Fires when whoever asked hangs up; also, to no effect, when the answer is complete: a connection serves many requests. */
export function hangUpSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => controller.abort());
  return controller.signal;
}
