import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ConfigSources, resolveConfig, SETTINGS } from "./config-load.ts";

const setting = fc.constantFrom(...SETTINGS);
const value = fc.oneof(
  fc.string(),
  fc.integer().map(String),
  fc.constantFrom("jetstream", "info", "fs", "127.0.0.1:80", "1", "16777216"),
);
const pairs = fc.array(fc.tuple(setting, value), { maxLength: 8 });

const sources: fc.Arbitrary<ConfigSources> = fc.record({
  flags: pairs.map((list) => Object.fromEntries(list.map(([{ flag }, text]) => [flag, text]))),
  env: pairs.map((list) => Object.fromEntries(list.map(([{ env }, text]) => [env, text]))),
});

test("whatever the sources hold, each setting is either taken from the strongest one or has a fault that names it", () => {
  fc.assert(
    fc.property(sources, (given) => {
      const { config, origins, faults } = resolveConfig(given);
      for (const { key, flag, env } of SETTINGS) {
        const fromFlag = given.flags?.[flag];
        const text = fromFlag ?? (given.env?.[env] || undefined);
        const name = fromFlag === undefined ? env : `--${flag}`;
        if (text === undefined) {
          assert.equal(origins[key].source, "default");
        } else if (!faults.some((fault) => fault.startsWith(`${name}: `))) {
          assert.equal(origins[key].name, name);
          assert.equal(config[key], typeof config[key] === "number" ? Number(text) : text);
        }
      }
    }),
  );
});

test("what was resolved without a fault resolves to itself when it is given back as flags", () => {
  fc.assert(
    fc.property(sources, (given) => {
      const first = resolveConfig(given);
      const flags = Object.fromEntries(SETTINGS.map(({ key, flag }) => [flag, String(first.config[key])]));
      const second = resolveConfig({ flags });
      assert.deepEqual(second.faults, []);
      assert.deepEqual(second.config, first.config);
    }),
  );
});
