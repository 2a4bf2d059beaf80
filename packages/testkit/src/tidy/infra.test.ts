import assert from "node:assert/strict";
import { test } from "node:test";
import { OTHER_VARIABLES, resolveConfig, SETTINGS } from "@farmscope/runtime";
import { parse } from "yaml";
import { readRepoFile } from "./imports.ts";

interface ComposeService {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly build?: unknown;
}

const compose = parse(readRepoFile("infra/compose.yaml"), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
};
const ours = Object.entries(compose.services).filter(([, service]) => service.build !== undefined);

test("the compose file runs each service once, beside NATS and Redis", () => {
  assert.deepEqual(ours.map(([, service]) => service.command[0]).toSorted(), ["aggregate", "alert", "emit", "serve"]);
  assert.ok("nats" in compose.services && "redis" in compose.services);
});

for (const [name, { environment = {} }] of ours) {
  test(`the environment that the compose file gives to ${name} is one that farmscope accepts`, () => {
    // ${NAME:-} is compose's way to hand a variable through: empty when it is not set.
    const env = Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [key, value.replace(/^\$\{.*\}$/, "")]),
    );
    assert.deepEqual(resolveConfig({ env }).faults, []);
    const known = new Set([...SETTINGS.map((setting) => setting.env), ...Object.keys(OTHER_VARIABLES)]);
    assert.deepEqual(
      Object.keys(env).filter((key) => !known.has(key)),
      [],
    );
  });
}

test("the image's settings are known, its entry point and its file list exist", () => {
  const dockerfile = readRepoFile("infra/docker/Dockerfile");
  const set = dockerfile.match(/\bFARMSCOPE_\w+/g) ?? [];
  const known = SETTINGS.map((setting) => setting.env);
  assert.deepEqual(
    set.filter((name) => !known.includes(name)),
    [],
  );
  const entryPoint = /^ENTRYPOINT \["node", "(.*)"\]$/m.exec(dockerfile)?.[1];
  assert.ok(readRepoFile(entryPoint!).includes("runCli"));
});
