import assert from "node:assert/strict";
import { test } from "node:test";
import { SETTINGS } from "@farmscope/runtime";
import { COMMANDS, type Environment, runCli } from "./cli.ts";
import { COMMON_FLAGS } from "./flags.ts";

async function run(
  words: string[],
  environment: Environment = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(words, environment, {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

test("without a command the overview is shown and the exit code says that this was no use", async () => {
  const { code, out } = await run([]);
  assert.equal(code, 2);
  for (const { name, summary } of COMMANDS) assert.match(out, new RegExp(`${name} +${summary}`));
});

test("every command explains itself, by --help and by help, whatever else is wrong", async () => {
  for (const { name } of COMMANDS) {
    const { code, out } = await run([name, "--nonsense", "--help"], { FARMSCOPE_NONSENSE: "1" });
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^farmscope ${name}: `));
    assert.equal((await run(["help", name])).out, out);
  }
});

test("no command's flag hides a setting or a flag that all commands have", async () => {
  const taken = new Set([...SETTINGS.map((setting) => setting.flag), ...Object.keys(COMMON_FLAGS)]);
  for (const entry of COMMANDS) {
    const command = await entry.load();
    assert.deepEqual(
      Object.keys(command.flags).filter((flag) => taken.has(flag)),
      [],
      entry.name,
    );
  }
});

test("an unknown command is refused with what was probably meant", async () => {
  const { code, err } = await run(["confg"]);
  assert.equal(code, 2);
  assert.match(err, /USAGE\n {2}unknown command confg; did you mean config\?/);
});

test("faults of flags and of the environment are told together, and nothing runs", async () => {
  const { code, out, err } = await run(["config", "surplus", "--partitions", "0", "--frm", "x"], {
    FARMSCOPE_LOGG: "x",
  });
  assert.equal(code, 2);
  assert.equal(out, "");
  for (const fault of ["unexpected word surplus", "unknown flag --frm", "--partitions: 0", "FARMSCOPE_LOGG"]) {
    assert.ok(err.includes(fault), fault);
  }
});

test("with --json an error is one document on the last line of standard output", async () => {
  const { code, out } = await run(["config", "--json", "--partitions", "0"]);
  assert.equal(code, 2);
  const { error } = JSON.parse(out.trimEnd().split("\n").at(-1)!);
  assert.equal(error.code, "CONFIG_INVALID");
  assert.deepEqual(error.faults, ["--partitions: 0 is not a whole number from 1 to 1024"]);
});

test("config shows each setting with its origin and no secret, for people and as JSON", async () => {
  const environment = { FARMSCOPE_WEBHOOK_SECRET: "hush", FARMSCOPE_REDIS_URL: "redis://:hush@host" };
  const text = await run(["config", "--farm", "north"], environment);
  assert.match(text.out, /farm +north +--farm/);
  assert.match(text.out, /webhookSecret +\[hidden\] +FARMSCOPE_WEBHOOK_SECRET/);
  const json = await run(["config", "--farm", "north", "--json"], environment);
  const { settings } = JSON.parse(json.out);
  assert.deepEqual(settings.farm, { value: "north", from: { source: "flag", name: "--farm" } });
  assert.equal(Object.keys(settings).length, SETTINGS.length);
  for (const shown of [text.out, text.err, json.out, json.err]) assert.doesNotMatch(shown, /hush/);
});

test("a settings file that was named and is missing is a fault", async () => {
  const { code, err } = await run(["config"], { FARMSCOPE_CONFIG: "absent.yaml" });
  assert.equal(code, 2);
  assert.match(err, /CONFIG_INVALID\n {2}absent\.yaml: cannot be read/);
});

test("rules check and rules test end with 1 when there is a fault, and tell it with its place", async () => {
  assert.equal((await run(["rules", "check"])).code, 0);
  const tested = await run(["rules", "test", "--json"]);
  const { passed, failed, faults } = JSON.parse(tested.out);
  assert.deepEqual([tested.code, failed, faults, passed > 0], [0, 0, [], true]);
  const absent = await run(["rules", "check", "absent.yaml", "--json"]);
  assert.equal(absent.code, 1);
  assert.equal(JSON.parse(absent.out).faults[0].file, "absent.yaml");
  assert.equal((await run(["rules", "tidy"])).code, 2);
  assert.equal((await run(["rules", "test", "packages/cli/src/e2e/rules"])).code, 1);
});
