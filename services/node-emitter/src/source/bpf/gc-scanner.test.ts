import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { buildElf, LOAD_ADDRESS } from "./fixtures/elf-builder.ts";
import { GcScanner } from "./gc-scanner.ts";

describe("GcScanner", () => {
  const V8 = buildElf({
    symbols: [
      { name: "_ZN2v88internal8GCTracer20StartObservablePauseEv", address: LOAD_ADDRESS + 64 },
      { name: "_ZN2v88internal8GCTracer19StopObservablePauseEv", address: LOAD_ADDRESS + 65 },
    ],
  });

  let root: string;
  let attached: Map<number, string>;
  let attachments: number;
  let refuseAt: number;
  let scanner: GcScanner;
  let nowMs: number;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "farmscope-proc-"));
    mkdirSync(join(root, "self"));
    attached = new Map();
    attachments = 0;
    refuseAt = -1;
    nowMs = 0;
    scanner = new GcScanner(
      {
        attachUprobe(program) {
          if (attachments === refuseAt) throw new Error("refused");
          attached.set(attachments, program);
          return attachments++;
        },
        detachUprobe: (uprobe) => void attached.delete(uprobe),
      },
      root,
    );
  });

  afterEach(() => {
    scanner.close();
    rmSync(root, { recursive: true });
  });

  function program(name: string, content: Buffer | string): string {
    const path = join(root, name);
    writeFileSync(path, content);
    return path;
  }

  function run(pid: number, path: string): void {
    mkdirSync(join(root, String(pid)));
    symlinkSync(path, join(root, String(pid), "exe"));
  }

  function end(pid: number): void {
    rmSync(join(root, String(pid)), { recursive: true });
  }

  /** A whole round, with all that it finds. */
  function round(): void {
    nowMs += 1000;
    for (let step = 0; step < 40; step++) scanner.step(nowMs);
  }

  test("a binary is attached once however many processes run it, and detached with the last of them", () => {
    const node = program("node", V8);
    run(100, node);
    run(101, node);
    round();
    assert.deepEqual([...attached.values()], ["v8_pause_begin", "v8_pause_end"]);
    end(100);
    round();
    assert.equal(attached.size, 2);
    end(101);
    round();
    assert.equal(attached.size, 0);
    assert.equal(scanner.watched, 0);
  });

  test("a process that starts later is found in a later round, and a binary that comes back is attached again", () => {
    const node = program("node", V8);
    round();
    run(7, node);
    round();
    end(7);
    round();
    run(8, node);
    round();
    assert.equal(attachments, 4);
    assert.equal(scanner.watched, 1);
  });

  test("rounds are a second apart", () => {
    round();
    run(7, program("node", V8));
    for (let step = 0; step < 40; step++) scanner.step(nowMs + 900);
    assert.equal(attached.size, 0);
  });

  test("kernel threads, scripts and processes that vanish are passed over", () => {
    mkdirSync(join(root, "2"));
    run(3, join(root, "gone"));
    run(4, program("script", "#!/bin/sh\n"));
    round();
    assert.equal(attached.size, 0);
    assert.equal(scanner.refusals, 0);
  });

  test("a binary that the kernel refuses in part is detached whole, counted, and not tried again", () => {
    refuseAt = 1;
    run(5, program("node", V8));
    round();
    round();
    assert.equal(attached.size, 0);
    assert.equal(scanner.refusals, 1);
  });
});
