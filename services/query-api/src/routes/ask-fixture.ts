import assert from "node:assert/strict";
import type { TSchema } from "typebox";
import Value from "typebox/value";
import type { Installation } from "../fixtures.ts";

/** Asks and checks the answer against the schema of its route. */
export async function ask<T>({ api }: Installation, url: string, schema: TSchema): Promise<T> {
  const app = await api.app();
  const response = await app.inject(url);
  assert.equal(response.statusCode, 200, response.body);
  assert.match(response.headers["content-type"] as string, /^application\/json/);
  const answer = response.json();
  assert.deepEqual([...Value.Errors(schema, answer)], [], url);
  assert.equal(typeof answer.coverage, "number");
  assert.ok(answer.at !== undefined || answer.position !== undefined);
  return answer as T;
}
