import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const BUILD = fileURLToPath(new URL("build.sh", import.meta.url));
const SHIM_TEST = fileURLToPath(new URL("../../../.cache/native/shim-test", import.meta.url));
/** The exit code of build.sh when there is no compiler or no libbpf. */
const MISSING = 3;

const build = spawnSync("sh", [BUILD, "--test"], { encoding: "utf8" });
const skip = build.status === MISSING ? build.stderr.trim() : false;

test("the shim and the kernel programs compile without a warning", { skip }, () => {
  assert.equal(build.status, 0, build.stderr);
});

test("the shim's own test passes: ring parser, frame classes, calibration", { skip }, () => {
  const { status, stdout, stderr } = spawnSync(SHIM_TEST, { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  const lines = stdout.trim().split("\n");
  assert.ok(lines.length >= 14 && lines.every((line) => line.startsWith("ok ")), stdout);
});

test("a build flag that does not exist is refused", () => {
  const { status, stderr } = spawnSync("sh", [BUILD, "--fast"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.match(stderr, /unknown flag --fast/);
});
