import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { HostClaim } from "./host-claim.ts";

const clock = new SystemClock();
/** So that no other run of the tests on this machine is met. */
const SCOPE = `test ${process.pid}`;

test("a second claim of one node is refused, naming the process that holds the first, until that one lets go", async () => {
  const claim = await HostClaim.acquire("node-a", clock, SCOPE);
  await assert.rejects(HostClaim.acquire("node-a", clock, SCOPE), {
    code: "ALREADY_RUNNING",
    message: new RegExp(`^process ${process.pid} `),
  });
  const other = await HostClaim.acquire("node-b", clock, SCOPE);
  await other.release();
  await claim.release();
  await (await HostClaim.acquire("node-a", clock, SCOPE)).release();
});

test("the claim of a process that is killed is free at once; one that is stopped keeps it", async () => {
  const module = new URL("./host-claim.ts", import.meta.url).href;
  const program = `
    import { SystemClock } from "@farmscope/runtime";
    import { HostClaim } from ${JSON.stringify(module)};
    await HostClaim.acquire("node-c", new SystemClock(), ${JSON.stringify(SCOPE)});
    process.stdout.write("claimed");
    process.stdin.resume();
  `;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  holder.kill("SIGSTOP");
  await assert.rejects(HostClaim.acquire("node-c", clock, SCOPE), { code: "ALREADY_RUNNING", message: /^another/ });
  const ended = once(holder, "exit");
  holder.kill("SIGKILL");
  await ended;
  await (await HostClaim.acquire("node-c", clock, SCOPE)).release();
});
