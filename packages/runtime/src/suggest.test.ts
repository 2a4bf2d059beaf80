import assert from "node:assert/strict";
import { test } from "node:test";
import { closest, didYouMean } from "./suggest.ts";

const names = ["partitions", "natsUrl", "http", "help"];

test("a word with a letter wrong, missing or swapped finds the name that was meant", () => {
  assert.equal(closest("partitons", names), "partitions");
  assert.equal(closest("htpp", names), "http");
  assert.equal(closest("natsurl", names), "natsUrl");
  assert.equal(closest("nats-url", names), "natsUrl");
});

test("a word unlike every name finds none", () => {
  assert.equal(closest("zebra", names), undefined);
  assert.equal(didYouMean("zebra", names), "");
});

test("the nearest of several candidates is taken", () => {
  assert.equal(closest("hepl", ["http", "help"]), "help");
  assert.equal(didYouMean("hepl", ["help"]), "; did you mean help?");
});
