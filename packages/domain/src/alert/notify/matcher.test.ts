import assert from "node:assert/strict";
import { test } from "node:test";
import { create, MatcherSchema, MatchKind } from "@farmscope/proto";
import { LabelMatcher, MATCHER_LENGTH_MAX, matcherOf, parseMatcher } from "./matcher.ts";

function parsed(written: string): LabelMatcher {
  const result = parseMatcher(written);
  assert.ok(result instanceof LabelMatcher, String(result));
  return result;
}

test("Matchers mean what Alertmanager's mean: whole values, and an absent label is the empty one", () => {
  const labels = { team: "memory", farm: "edge 1" };
  for (const [written, expected] of [
    ['team="memory"', true],
    ["team=memory", true],
    ["team = mem", false],
    ['team!="memory"', false],
    ['team=~"mem.*"', true],
    ['team=~"mem"', false],
    ['team!~"mem|cpu"', true],
    ['farm="edge 1"', true],
    ['absent=""', true],
    ['absent!=""', false],
    ['absent=~".+"', false],
    ['toString=""', true],
  ] as const)
    assert.equal(parsed(written).matches(labels), expected, written);
  assert.equal(parsed('a="say \\"hi\\"\\n"').value, 'say "hi"\n');
  assert.equal(parsed("team =~ mem.*").toString(), 'team=~"mem.*"');
});

test("What is no matcher is refused with a reason", () => {
  for (const [written, reason] of [
    ["", /no matcher/],
    ["team", /no matcher/],
    ["9team=x", /no matcher/],
    ['team=~"("', /no regular expression/],
    [`team=${"x".repeat(MATCHER_LENGTH_MAX + 1)}`, /more than 1000/],
  ] as const)
    assert.match(String(parseMatcher(written)), reason);
  assert.ok(parseMatcher(`team=${"x".repeat(MATCHER_LENGTH_MAX)}`) instanceof LabelMatcher);
});

test("Matchers of records mean the same, and those that mean nothing are none", () => {
  const record = (kind: MatchKind, value: string) => matcherOf(create(MatcherSchema, { label: "team", kind, value }));
  assert.equal(record(MatchKind.NOT_REGEX, "mem.*")?.toString(), 'team!~"mem.*"');
  assert.equal(record(MatchKind.EQUAL, "a")?.matches({ team: "a" }), true);
  assert.equal(record(MatchKind.UNSPECIFIED, "a"), null);
  assert.equal(record(MatchKind.REGEX, "("), null);
});
