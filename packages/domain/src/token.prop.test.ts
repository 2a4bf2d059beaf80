import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeToken, encodeToken } from "./token.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

test("Every text comes back from its token, and the token is safe for subjects and keys.", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const token = encodeToken(text);
      assert.match(token, /^[-=A-Za-z0-9_]+$/);
      assert.equal(decodeToken(token), text);
    }),
  );
});

test("Names that need no encoding stay readable.", () => {
  assert.equal(encodeToken("node-17_a"), "node-17_a");
  assert.equal(encodeToken("farm/a b.c"), "farm=2Fa=20b=2Ec");
  assert.equal(encodeToken("=41"), "=3D41");
  assert.equal(encodeToken("日"), "=u65E5");
});
