import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf } from "./code-text.ts";

// A placeholder is written §{…} here, for a linter that takes it for a mistake in a plain string.
const cases: readonly (readonly [string, string, string])[] = [
  ["a comment to the end of the line", "a(); // b()\nc();", "a(); \nc();"],
  ["a block comment, keeping its lines", "a(); /* b\nb */ c();", "a(); \n c();"],
  ["what a string says", 'a("b // c");', 'a("");'],
  ["a quote that is escaped", "a('it\\'s'); b();", "a(''); b();"],
  ["what a template says, but not its placeholders", "a(`b §{c(`d §{e}`)} f`);", "a(`§{c(`§{e}`)}`);"],
  ["braces inside of a placeholder", "`§{{ a: 1 }.a}b` + c", "`§{{ a: 1 }.a}` + c"],
  ["what a regular expression says", "x = /a\"[/]'/.test(y); b", "x = //.test(y); b"],
];

function placed(text: string): string {
  return text.replaceAll("§", "$");
}

for (const [what, text, code] of cases) {
  test(`the code of a file has lost ${what}`, () => assert.equal(codeOf(placed(text)), placed(code)));
}

test("a division is not taken for a regular expression", () => {
  assert.equal(codeOf("a = b / c; d = e(f) / g; // h"), "a = b / c; d = e(f) / g; ");
});
