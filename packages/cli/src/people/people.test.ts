import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeName, startConsoleFleet } from "@farmscope/query-api/console-fixture";
import { runCli } from "../cli.ts";

async function withFleet(work: (run: (...words: string[]) => ReturnType<typeof ask>) => Promise<void>): Promise<void> {
  await using fleet = await startConsoleFleet({ seed: 3, nodes: 4, farms: 2, frames: 8_192, windows: 6 });
  await work((...words) => ask(words, new URL(fleet.url).host));
}

async function ask(words: readonly string[], http: string): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const streams = {
    stdout: (text: string) => {
      said.out += text;
    },
    stderr: (text: string) => {
      said.err += text;
    },
  };
  const environment = { FARMSCOPE_HTTP: http, FARMSCOPE_DATA_DIR: "/nowhere" };
  return { code: await runCli([...words], environment, streams), ...said };
}

describe("commands for people without a browser", () => {
  it("list farms, a node, alerts and the status as tables", () =>
    withFleet(async (run) => {
      const farms = await run("farms");
      assert.match(farms.out, /^farm +nodes +unusable/);
      assert.match(farms.out, /^lathe +2\/2 +\d/m);
      const node = await run("node", nodeName(0));
      assert.match(node.out, /^edge-0000: farm lathe, Linux 6\.18\.0/);
      assert.match(node.out, /^run-queue delay +[\d.]+ (µs|ms)/m);
      assert.match(node.out, /^2 MiB +\d/m);
      const alerts = await run("alerts");
      assert.match(alerts.out, /^escalated +critical +FarmFragmented\{farm=lathe\}/m);
      const status = await run("status");
      assert.match(status.out, /4 nodes, \d online/);
      assert.deepEqual([farms.code, node.code, alerts.code, status.code], [0, 0, 0, 0]);
      assert.equal(farms.out.includes("\u001b"), false, "no colours where there is no terminal");
    }));

  it("draw a page map: as many characters as asked for, every page in one of them", () =>
    withFleet(async (run) => {
      const { code, out } = await run("pages", nodeName(0), "--width", "40", "--rows", "5", "--zone", "Normal");
      assert.equal(code, 0);
      const rows = out.split("\n").filter((line) => /^[\d, ]{13} /.test(line));
      assert.equal(rows.length, 5);
      for (const row of rows) assert.match(row.slice(14), /^[ ░▒▓█·]{40}$/);
      assert.match(rows[0]!, /^ +1,024 /);
      assert.match(out, /a character is 36 pages/);
    }));

  it("give one JSON document with --json", () =>
    withFleet(async (run) => {
      for (const words of [["farms"], ["node", nodeName(1)], ["pages", nodeName(0)], ["alerts"], ["status"]]) {
        const { code, out } = await run(...words, "--json");
        assert.equal(code, 0, words.join(" "));
        assert.equal(typeof (JSON.parse(out) as { coverage: number }).coverage, "number");
      }
    }));

  it("say what is wrong: a word that is missing, a node that nobody knows, a page that is no number", () =>
    withFleet(async (run) => {
      assert.match((await run("node")).err, /USAGE\n {2}NODE is missing/);
      const unknown = await run("node", "nobody");
      assert.equal(unknown.code, 1);
      assert.match(unknown.err, /NOT_FOUND/);
      assert.equal((await run("page", nodeName(0), "xyz")).code, 2);
      assert.match((await run("pages", nodeName(0), "--zone", "Low")).err, /zones of this node: DMA32, Normal/);
    }));

  it("name the way out when nobody answers", async () => {
    const { code, err } = await ask(["farms"], "127.0.0.1:1");
    assert.equal(code, 3);
    assert.match(err, /no query API answers at http:\/\/127\.0\.0\.1:1/);
  });
});
