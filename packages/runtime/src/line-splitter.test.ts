import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "./line-splitter.ts";

function split(chunks: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

test("Lines are put together across chunks, whatever their line ends.", () => {
  assert.deepEqual(split([Buffer.from("on"), Buffer.from("e\r\ntwo\n\nth"), Buffer.from("ree")]), [
    "one",
    "two",
    "",
    "three",
  ]);
});

test("A character cut in two by a chunk stays whole.", () => {
  const bytes = Buffer.from("grün\n");
  assert.deepEqual(split([bytes.subarray(0, 3), bytes.subarray(3)]), ["grün"]);
});

test("A line without end is cut at 16,384 characters.", () => {
  const lines = split([Buffer.alloc(16_384, "a"), Buffer.from("b")]);
  assert.deepEqual(
    lines.map((line) => line.length),
    [16_384, 1],
  );
});
