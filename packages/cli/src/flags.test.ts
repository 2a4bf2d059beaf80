import assert from "node:assert/strict";
import { test } from "node:test";
import { type FlagSpecs, parseFlags } from "./flags.ts";

const specs = {
  source: { kind: "text", choices: ["bpf", "trace", "synthetic"], description: "" },
  nodes: { kind: "integer", minimum: 1, maximum: 5000, default: 1, description: "" },
  for: { kind: "number", minimum: 0, description: "" },
  fresh: { kind: "switch", description: "" },
} as const satisfies FlagSpecs;

test("values come as the kind of their flag, after a blank or an equals sign", () => {
  const { values, faults } = parseFlags(["--source", "bpf", "--nodes=50", "--for", "0.5", "--fresh"], specs);
  assert.deepEqual(faults, []);
  assert.deepEqual([values["source"], values["nodes"], values["for"], values["fresh"]], ["bpf", 50, 0.5, true]);
});

test("what is not given has its default, is false or is undefined", () => {
  const { values } = parseFlags([], specs);
  assert.deepEqual(
    [values["source"], values["nodes"], values["for"], values["fresh"]],
    [undefined, 1, undefined, false],
  );
});

test("a setting is a flag of every command, under its kebab-case name only", () => {
  assert.deepEqual(parseFlags(["--data-dir", "x"], specs).settings, { "data-dir": "x" });
  assert.deepEqual(parseFlags(["--dataDir", "x"], specs).faults, ["unknown flag --dataDir; did you mean --data-dir?"]);
});

test("every fault is told, one for each mistake", () => {
  const { faults } = parseFlags(
    ["--sorce", "bpf", "--nodes", "0", "--for", "soon", "--fresh=maybe", "--source", "usb", "--http"],
    specs,
  );
  assert.deepEqual(faults, [
    "unknown flag --sorce; did you mean --source?",
    '--nodes: "0" is not a whole number from 1 to 5000',
    '--for: "soon" is not a number from 0',
    '--fresh takes no value, but was given "maybe"',
    '--source: "usb" is not one of bpf, trace, synthetic',
    "--http needs a value",
  ]);
});

test("a flag given twice is a fault, a switch given twice is not", () => {
  assert.deepEqual(parseFlags(["--nodes", "1", "--nodes", "2"], specs).faults, ["--nodes is given twice"]);
  assert.deepEqual(parseFlags(["--fresh", "--fresh"], specs).faults, []);
});

test("a negative number and a lone hyphen are values, another flag is none", () => {
  assert.deepEqual(parseFlags(["--for", "-1"], specs).faults, ['--for: "-1" is not a number from 0']);
  assert.deepEqual(parseFlags(["--farm", "-"], specs).settings, { farm: "-" });
  assert.deepEqual(parseFlags(["--farm", "--fresh"], specs).faults, ["--farm needs a value"]);
});

test("what follows two hyphens is positional", () => {
  assert.deepEqual(parseFlags(["a", "--", "--fresh"], specs).positionals, ["a", "--fresh"]);
});

test("a flag that is needed and not given is a fault", () => {
  const needed = { workload: { kind: "text", required: true, description: "" } } as const satisfies FlagSpecs;
  assert.deepEqual(parseFlags([], needed).faults, ["--workload is needed"]);
});

test("names of the object prototype are unknown flags", () => {
  assert.deepEqual(parseFlags(["--constructor"], specs).faults, ["unknown flag --constructor"]);
});
