import assert from "node:assert/strict";
import { test } from "node:test";
import { probe, whyNoBpf } from "./probe.ts";

test("what this machine cannot do comes with a way out, what it can do without, and the verdict follows", async () => {
  const capabilities = await probe();
  const names = capabilities.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, ok, detail, remedy } of capabilities) {
    assert.notEqual(detail, "", name);
    assert.equal(remedy === null, ok, name);
  }
  const reason = await whyNoBpf();
  const programs = capabilities.find(({ name }) => name === "kernel programs");
  assert.equal(reason === null, programs?.ok === true && capabilities.slice(0, 6).every(({ ok }) => ok));
});
