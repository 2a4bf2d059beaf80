import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { OperatingError } from "@farmscope/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type, { type Static } from "typebox";
import Value from "typebox/value";

/** What a token may do. "operate" includes "read". Routes for everybody are "open". */
export type Role = "read" | "operate";

/** Who asks where no tokens are needed: somebody at this machine. */
const LOCAL_ASKER = "local";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks: the name of the token. Stands in what is written to fs.control. */
    asker: string;
  }
}

const TokensFile = Type.Object(
  {
    tokens: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 128 }),
          role: Type.Union([Type.Literal("read"), Type.Literal("operate")]),
          token: Type.String({ minLength: 16, maxLength: 512 }),
        },
        { additionalProperties: false },
      ),
      { maxItems: 10_000 },
    ),
  },
  { additionalProperties: false },
);

interface Token {
  readonly name: string;
  readonly role: Role;
  readonly digest: Buffer;
}

/**
 * Reads the tokens file: {"tokens": [{"name": "ci", "role": "read", "token": "…"}]}; roles are read and operate.
 * @throws {OperatingError} CONFIG_INVALID.
 */
export function readTokens(path: string): Token[] {
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new OperatingError("CONFIG_INVALID", `the tokens file ${path} cannot be read`, { cause });
  }
  if (!Value.Check(TokensFile, file)) {
    const faults = [...Value.Errors(TokensFile, file)].map((fault) => `${fault.instancePath || "/"} ${fault.message}`);
    throw new OperatingError("CONFIG_INVALID", `the tokens file ${path} is wrong: ${faults.join("; ")}`);
  }
  return (file as Static<typeof TokensFile>).tokens.map(({ name, role, token }) => ({
    name,
    role,
    digest: digestOf(token),
  }));
}

/**
 * Checks who asks. With a tokens file every request needs a bearer token with the route's role. Without one, only this
 * machine may ask: what is served beyond loopback needs tokens.
 */
export function authorize(app: FastifyInstance, tokens: readonly Token[] | null): void {
  app.decorateRequest("asker", LOCAL_ASKER);
  app.addHook("onRequest", async (request) => {
    const needed = request.routeOptions.config.role ?? "open";
    if (needed === "open") return;
    if (tokens === null) requireLoopback(request);
    else request.asker = requireRole(tokens, needed, request);
  });
}

function requireLoopback(request: FastifyRequest): void {
  if (isLoopback(request.socket.remoteAddress ?? "")) return;
  throw new OperatingError("UNAUTHENTICATED", "without a tokens file only this machine is answered", {
    remedy: "set FARMSCOPE_TOKENS_FILE and send a bearer token",
  });
}

function requireRole(tokens: readonly Token[], needed: Role, request: FastifyRequest): string {
  const sent = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (sent === undefined) throw new OperatingError("UNAUTHENTICATED", "a bearer token is needed");
  const digest = digestOf(sent);
  const token = tokens.find((candidate) => timingSafeEqual(candidate.digest, digest));
  if (token === undefined) throw new OperatingError("UNAUTHENTICATED", "this bearer token is not known");
  if (token.role === needed || token.role === "operate") return token.name;
  throw new OperatingError("FORBIDDEN", `token "${token.name}" may ${token.role}, this needs ${needed}`);
}

/** 127.0.0.0/8, ::1, and the first in IPv6's clothes. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, "");
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
