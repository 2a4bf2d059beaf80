import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { displayValue, loadConfig, resolveConfig, SETTINGS } from "./config-load.ts";
import { OperatingError } from "./errors.ts";

describe("loadConfig", () => {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-config-"));
  after(() => rmSync(directory, { recursive: true }));

  function settingsFile(text: string): string {
    const path = join(directory, "farmscope.yaml");
    writeFileSync(path, text);
    return path;
  }

  test("without any source every setting has its default, and says so", () => {
    const { config, origins } = loadConfig({});
    assert.equal(config.http, "127.0.0.1:7070");
    assert.equal(config.partitions, 4);
    assert.deepEqual(origins.http, { source: "default", name: "" });
    assert.equal(Object.keys(config).length, SETTINGS.length);
  });

  test("a flag stands over the environment, which stands over the file, which stands over the default", () => {
    const file = settingsFile("farm: of-file\nnodeId: of-file\npartitions: 8\n");
    const env = { FARMSCOPE_FARM: "of-env", FARMSCOPE_NODE_ID: "of-env" };
    const { config, origins } = loadConfig({ file, env, flags: { farm: "of-flag" } });
    assert.deepEqual([config.farm, config.nodeId, config.partitions], ["of-flag", "of-env", 8]);
    assert.deepEqual(origins.farm, { source: "flag", name: "--farm" });
    assert.deepEqual(origins.nodeId, { source: "env", name: "FARMSCOPE_NODE_ID" });
    assert.deepEqual(origins.partitions, { source: "file", name: file });
  });

  test("a flag may be given by the name of its setting or of the flag", () => {
    assert.equal(loadConfig({ flags: { "node-id": "a" } }).config.nodeId, "a");
    assert.equal(loadConfig({ flags: { nodeId: "b" } }).config.nodeId, "b");
  });

  test("an empty variable counts as not set", () => {
    assert.equal(loadConfig({ env: { FARMSCOPE_HTTP: "" } }).config.http, "127.0.0.1:7070");
  });

  test("all faults of all sources are told at once", () => {
    const file = settingsFile("farmm: x\npartitions: many\nnamespace: UPPER\n");
    const env = { FARMSCOPE_HTPP: "x", FARMSCOPE_LOG: "carrier-pigeon", FARMSCOPE_PAGE_KEEP_ONE_IN: "0", HOME: "/" };
    assert.throws(
      () => loadConfig({ file, env, flags: { "log-replicas": "9", farn: "x" } }),
      (error: unknown) => {
        assert.ok(error instanceof OperatingError);
        assert.equal(error.code, "CONFIG_INVALID");
        assert.deepEqual(error.message.split("\n"), [
          `${file}: unknown key farmm; did you mean farm?`,
          `${file}: partitions: "many" is not a whole number from 1 to 1024`,
          `${file}: namespace: "UPPER" is not text such as fs, matching ^[a-z][a-z0-9-]{0,31}$`,
          "unknown variable FARMSCOPE_HTPP; did you mean FARMSCOPE_HTTP?",
          'FARMSCOPE_LOG: "carrier-pigeon" is not one of jetstream, kafka',
          "FARMSCOPE_PAGE_KEEP_ONE_IN: 0 is not a whole number from 1 to 1024",
          "--log-replicas: 9 is not a whole number from 1 to 5",
          "unknown flag --farn; did you mean --farm?",
        ]);
        return true;
      },
    );
  });

  test("a number is refused one past each of its limits and taken at them", () => {
    for (const [text, valid] of [
      ["0", false],
      ["1", true],
      ["1024", true],
      ["1025", false],
      ["1.5", false],
    ] as const) {
      assert.equal(resolveConfig({ flags: { partitions: text } }).faults.length === 0, valid, text);
    }
  });

  test("variables that steer set-up and tests are no settings and no faults", () => {
    loadConfig({ env: { FARMSCOPE_REQUIRE: "nats", FARMSCOPE_SYSROOT: "/x", FARMSCOPE_NATS_SERVER: "/y" } });
  });

  test("a file that is missing, is no YAML or holds no keys is a fault that names it", () => {
    const missing = join(directory, "absent.yaml");
    assert.match(resolveConfig({ file: missing }).faults.join(), /absent\.yaml: cannot be read/);
    assert.match(resolveConfig({ file: settingsFile("farm: a\nfarm: b\n") }).faults.join(), /farmscope\.yaml:2: /);
    assert.match(resolveConfig({ file: settingsFile("- farm\n") }).faults.join(), /must hold settings/);
    assert.deepEqual(resolveConfig({ file: settingsFile("# nothing yet\n") }).faults, []);
  });

  test("a faulty secret is not repeated in the message, and a secret that is set is not shown", () => {
    const file = settingsFile("webhookSecret: [hush]\n");
    const { faults } = resolveConfig({ file });
    assert.equal(faults.length, 1);
    assert.doesNotMatch(faults[0]!, /hush/);
    const secret = SETTINGS.find((setting) => setting.key === "webhookSecret")!;
    assert.equal(displayValue(secret, "hush"), "[hidden]");
    assert.equal(displayValue(secret, ""), "");
  });

  test("credentials inside of a URL are not shown, the rest of it is", () => {
    const natsUrl = SETTINGS.find((setting) => setting.key === "natsUrl")!;
    assert.equal(
      displayValue(natsUrl, "nats://me:hush@one:4222,nats://two:4222"),
      "nats://[hidden]@one:4222,nats://two:4222",
    );
  });
});
