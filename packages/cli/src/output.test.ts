import assert from "node:assert/strict";
import { test } from "node:test";
import { Output, table } from "./output.ts";

function recorded(json: boolean, say: (output: Output) => void): { out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  say(new Output({ stdout: (text) => out.push(text), stderr: (text) => err.push(text) }, json));
  return { out, err };
}

test("for people lines and the answer go to standard output, remarks to standard error", () => {
  const { out, err } = recorded(false, (output) => {
    output.line("working");
    output.note("slow today");
    output.answer({ done: true }, () => "done");
  });
  assert.deepEqual(out, ["working\n", "done\n"]);
  assert.deepEqual(err, ["slow today\n"]);
});

test("with --json nothing but the document goes to standard output", () => {
  const { out, err } = recorded(true, (output) => {
    output.line("working");
    output.answer({ done: true }, () => "done");
  });
  assert.deepEqual(out, ['{"done":true}\n']);
  assert.deepEqual(err, ["working\n"]);
});

test("a table's columns are as wide as their widest cell and its lines have no blanks at the end", () => {
  assert.equal(
    table([
      ["a", "bb", ""],
      ["aaa", "b", "c"],
    ]),
    "a    bb\naaa  b   c",
  );
});

test("tones are colours on a terminal alone, never beside --json, and take no room in tables", () => {
  const streams = { stdout: () => undefined, stderr: () => undefined };
  const painted = new Output({ ...streams, isTerminal: true }, false).paint("bad", "x");
  assert.notEqual(painted, "x");
  assert.equal(new Output(streams, false).paint("bad", "x"), "x");
  assert.equal(new Output({ ...streams, isTerminal: true }, true).paint("bad", "x"), "x");
  assert.equal(
    table([
      [painted, "1"],
      ["xx", "2"],
    ]),
    `${painted}   1\nxx  2`,
  );
});
