import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SystemClock } from "./clock.ts";
import { type ProcessSpec, SupervisedProcess } from "./process.ts";

const clock = new SystemClock();

function script(name: string, body: string, extra: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name, command: "/bin/sh", args: ["-c", body], ...extra };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (condition()) return;
    await clock.sleep(10);
  }
  assert.fail("the condition did not come true within 4 s");
}

/** A zombie that nobody has reaped yet is dead. Source: proc_pid_stat(5), the field after the command is the state. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("A process is ready when its probe says so, and its output is kept.", async () => {
  let ready = false;
  const spec = script("server", "echo one; echo two >&2; exec sleep 60", {
    isReady: async () => ready,
    onLine: (line) => {
      if (line === "two") ready = true;
    },
  });
  await using supervised = new SupervisedProcess(spec, clock);
  await supervised.start();
  assert.equal(supervised.state, "running");
  assert.deepEqual([...supervised.logs()].sort(), ["one", "two"]);
});

test("SIGTERM ends it in an orderly way.", async () => {
  const supervised = new SupervisedProcess(script("sleeper", "exec sleep 60"), clock);
  await supervised.start();
  const status = await supervised.stop();
  assert.equal(status?.signal, "SIGTERM");
  assert.equal(supervised.state, "stopped");
  assert.equal(await supervised.stop(), null);
});

test("What does not drain in time is killed, with whatever it started.", async () => {
  const body = "trap '' TERM; sleep 60 & echo $!; while :; do wait; done";
  const supervised = new SupervisedProcess(script("stubborn", body, { drainMsMax: 100 }), clock);
  await supervised.start();
  await until(() => supervised.logs().length === 1);
  const grandchild = Number(supervised.logs()[0]);
  const status = await supervised.stop();
  assert.equal(status?.signal, "SIGKILL");
  await until(() => !isAlive(grandchild));
});

test("A process that ends before it is ready fails to start, and its last words are told.", async () => {
  const spec = script("broken", "echo no such option; exit 3", { isReady: async () => false });
  const supervised = new SupervisedProcess(spec, clock);
  await assert.rejects(supervised.start(), {
    code: "CHILD_FAILED",
    message: "broken ended with code 3; it said:\nno such option",
  });
  assert.equal(supervised.state, "stopped");
});

test("A process that is never ready fails to start and is not left behind.", async () => {
  const spec = script("deaf", "echo $$; exec sleep 60", { isReady: async () => false, readyMsMax: 200 });
  const supervised = new SupervisedProcess(spec, clock);
  await assert.rejects(supervised.start(), { code: "CHILD_FAILED", retriable: true });
  assert.equal(isAlive(Number(supervised.logs()[0])), false);
});

test("A command that does not exist fails to start.", async () => {
  const spec: ProcessSpec = { name: "absent", command: "/nowhere/absent", isReady: async () => false };
  await assert.rejects(new SupervisedProcess(spec, clock).start(), { code: "CHILD_FAILED" });
});

test("Starting is given up when its signal fires.", async () => {
  const controller = new AbortController();
  const supervised = new SupervisedProcess(script("slow", "exec sleep 60", { isReady: async () => false }), clock);
  const started = supervised.start(controller.signal);
  controller.abort();
  await assert.rejects(started, { code: "ABORTED" });
  assert.equal(supervised.pid, undefined);
});

test("A process kept alive comes back after a crash, and not after a stop.", async () => {
  await using supervised = new SupervisedProcess(script("phoenix", "exec sleep 60", { keepAlive: true }), clock);
  await supervised.start();
  const first = supervised.pid;
  assert.ok(first !== undefined);
  process.kill(first, "SIGKILL");
  await until(() => supervised.restarts === 1 && supervised.state === "running");
  assert.notEqual(supervised.pid, first);
  await supervised.stop();
  await clock.sleep(300);
  assert.equal(supervised.state, "stopped");
  assert.equal(supervised.restarts, 1);
});

test("A process not kept alive stays down after a crash, and its exit is told.", async () => {
  let told: string | null = null;
  const spec = script("mortal", "exec sleep 60", {
    onExit: (status) => {
      told = status.signal;
    },
  });
  const supervised = new SupervisedProcess(spec, clock);
  await supervised.start();
  process.kill(supervised.pid as number, "SIGKILL");
  await until(() => supervised.state === "stopped");
  assert.equal(told, "SIGKILL");
});

test("No child outlives us, even when we are killed without warning.", async () => {
  const module = new URL("./process.ts", import.meta.url).href;
  const clockModule = new URL("./clock.ts", import.meta.url).href;
  const body = `
    import { SupervisedProcess } from ${JSON.stringify(module)};
    import { SystemClock } from ${JSON.stringify(clockModule)};
    const child = new SupervisedProcess({ name: "c", command: "/bin/sleep", args: ["60"] }, new SystemClock());
    await child.start();
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", body], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const childPid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  assert.ok(isAlive(childPid));
  parent.kill("SIGKILL");
  await until(() => !isAlive(childPid));
});
