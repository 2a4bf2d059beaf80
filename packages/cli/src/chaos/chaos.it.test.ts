import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { KafkaServer, NatsServer, RedisServer } from "@farmscope/testkit";
import type { LogKind } from "./installation.ts";
import { runKills, runUndisturbed } from "./kills.ts";
import type { Outcome } from "./outcome.ts";
import { runReplays } from "./replays.ts";
import { runTakeovers } from "./takeover.ts";

const clock = new SystemClock();

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-chaos-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const MISSING: Readonly<Record<LogKind, string | null>> = {
  jetstream: NatsServer.missing() ?? RedisServer.missing(),
  kafka: KafkaServer.missing() ?? RedisServer.missing(),
};

/** One for both logs: what is folded does not depend on where it was kept. */
let reference: Outcome | undefined;

for (const log of ["jetstream", "kafka"] as const) {
  test(`killed and paused processes change nothing that is folded from ${log}, and a rebuild comes to the same`, {
    skip: MISSING[log] ?? false,
  }, async (context) => {
    await inDirectory(async (directory) => {
      const said: string[] = [];
      const tell = (line: string): void => void said.push(line);
      const options = { clock, log, directory, seed: 1, nodes: 8, kills: 4, rate: 300, tell };
      reference ??= await runUndisturbed(options);
      const report = await runKills({ ...options, reference });
      context.diagnostic(JSON.stringify(report.by_kind));
      assert.deepEqual(report.faults, [], said.join("\n"));
      assert.equal(report.hash, report.reference_hash);
      assert.ok(report.rebuild.equal > 8);
    });
  });
}

test("a replica that is killed is stood in for by the other, within ten seconds and without a loss", {
  skip: MISSING.jetstream ?? false,
}, async (context) => {
  await inDirectory(async (directory) => {
    const said: string[] = [];
    const tell = (line: string): void => void said.push(line);
    const traffic = { seed: 1, nodes: 20, rate: 200, nodeMib: 16, partitions: 4 };
    const rhythm = { runs: 1, restSeconds: 1, checkpointIntervalMs: 300_000 };
    const report = await runTakeovers({ clock, log: "jetstream", directory, ...traffic, ...rhythm, tell });
    context.diagnostic(JSON.stringify(report.runs));
    assert.deepEqual(report.faults, [], said.join("\n"));
  });
});

test("what is replayed is what was live, and a replay can be watched and ended", {
  skip: MISSING.jetstream ?? false,
}, async () => {
  await inDirectory(async (directory) => {
    const said: string[] = [];
    const tell = (line: string): void => void said.push(line);
    const traffic = { seed: 1, nodes: 4, rate: 500, seconds: 35 };
    const report = await runReplays({ clock, log: "jetstream", directory, ...traffic, tell });
    assert.deepEqual(report.faults, [], said.join("\n"));
    assert.equal(report.whole.node_views.equal, 4);
  });
});
