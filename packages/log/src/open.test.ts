import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@farmscope/runtime";
import { openLog } from "./open.ts";

const settings = { url: "", namespace: "fs", partitions: 1, bytesMax: 2 ** 20, replicas: 1, clock: new ManualClock() };

test("The kind of log decides the adapter.", async () => {
  const memory = openLog({ ...settings, kind: "memory" });
  assert.equal((await memory.describe()).kind, "memory");
});

test("A URL that is none is refused at once.", () => {
  assert.throws(() => openLog({ ...settings, kind: "jetstream", url: "http://a" }), { code: "CONFIG_INVALID" });
  assert.throws(() => openLog({ ...settings, kind: "kafka" }), { code: "CONFIG_INVALID" });
});
