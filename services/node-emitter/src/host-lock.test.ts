import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HostLock } from "./host-lock.ts";

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "farmscope-lock-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("a second emitter for the same node is refused, and told who holds the lock", () =>
  inDirectory(async (directory) => {
    const lock = await HostLock.acquire(directory, "node/a");
    await assert.rejects(HostLock.acquire(directory, "node/a"), {
      code: "ALREADY_RUNNING",
      message: new RegExp(`process ${process.pid} `),
    });
    const other = await HostLock.acquire(directory, "node/b");
    await other.release();
    await lock.release();
    await (await HostLock.acquire(directory, "node/a")).release();
  }));

test("the lock of a process that is gone is taken over, also when its pid means another process now", () =>
  inDirectory(async (directory) => {
    const first = await HostLock.acquire(directory, "a");
    const [file] = await readdir(join(directory, "locks"));
    const path = join(directory, "locks", file);
    const held = JSON.parse(await readFile(path, "utf8")) as { pid: number; startedAt: string };
    await writeFile(path, JSON.stringify({ ...held, startedAt: "1" }));
    const second = await HostLock.acquire(directory, "a");
    await writeFile(path, "");
    const third = await HostLock.acquire(directory, "a");
    assert.deepEqual(JSON.parse(await readFile(path, "utf8")), held);
    for (const lock of [first, second, third]) await lock.release();
  }));
