import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { NodeAnswer } from "@farmscope/query-api";
import { nodeName, startConsoleFleet } from "@farmscope/query-api/console-fixture";
import { PrometheusServer } from "@farmscope/testkit";
import { eventually, getJson } from "./harness.ts";

const skip = PrometheusServer.missing() ?? false;
const DASHBOARDS = new URL("../../../../infra/grafana/dashboards/", import.meta.url);

interface Answer {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

const dashboards = readdirSync(DASHBOARDS).map(
  (file) => JSON.parse(readFileSync(new URL(file, DASHBOARDS), "utf8")) as Dashboard,
);

/** What Grafana puts in for its variables, with everything chosen. */
function filledIn(expression: string): string {
  return expression.replaceAll("$__rate_interval", "10s").replaceAll(/\$(farm|node)\b/g, ".*");
}

test("Prometheus reads what we export; its quantiles lie within a bucket of ours; every query of the dashboards finds data", {
  skip,
}, async () => {
  await using fleet = await startConsoleFleet({ seed: 5, nodes: 4, farms: 4, frames: 8_192, windows: 12 });
  await using prometheus = await PrometheusServer.start({ target: new URL(fleet.url).host });
  const query = (expression: string): Promise<Answer> =>
    getJson<Answer>(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  await eventually(
    20_000,
    () => query("up"),
    (answer) => answer.data.result[0]?.value[1] === "1",
  );
  for (let second = 0; second < 4; second++) {
    await fleet.update();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  }

  // One node a farm: the farm's histogram is the node's distribution.
  const node = await getJson<NodeAnswer>(`${fleet.url}/api/v1/nodes/${nodeName(0)}`);
  const ours = node.latency.find((summary) => summary.signal === "runq_delay")!;
  for (const { quantile, valueUs } of ours.quantiles) {
    const expression = `histogram_quantile(${quantile}, farmscope_runq_delay_seconds_bucket{farm="lathe"})`;
    const theirsUs = Number((await query(expression)).data.result[0]!.value[1]) * 1e6;
    // Buckets are octaves, so both lie in the same one or in neighbours.
    assert.ok(
      Math.abs(Math.log2(theirsUs / valueUs!)) <= 1,
      `P${quantile * 100}: ${theirsUs} us there, ${valueUs} us here`,
    );
  }

  const silent: string[] = [];
  for (const { title, panels } of dashboards) {
    for (const panel of panels) {
      for (const { expr } of panel.targets) {
        const { data } = await query(filledIn(expr));
        const numbers = data.result.filter(({ value }) => !Number.isNaN(Number(value[1])));
        if (numbers.length === 0) silent.push(`${title}, ${panel.title}: ${expr}`);
      }
    }
  }
  assert.deepEqual(silent, []);
});

test("promtool finds nothing to complain of", { skip }, async () => {
  await using fleet = await startConsoleFleet({ seed: 6, nodes: 3, farms: 2, frames: 4_096, windows: 6 });
  const input = await (await fetch(`${fleet.url}/metrics`)).text();
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
});

test("dashboards are what Grafana takes: ids that are unique, panels that do not overlap, variables that exist", () => {
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const { title, panels, schemaVersion, templating } of dashboards) {
    assert.ok(schemaVersion >= 36, title);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, title);
    const known = new Set([...templating.list.map(({ name }) => name), "__rate_interval"]);
    const used = [...JSON.stringify(panels).matchAll(/\$\{?(\w+)/g)].map((match) => match[1]!);
    const unknown = used.filter((name) => !known.has(name) && !["__field", "__value", "__data"].includes(name));
    assert.deepEqual(unknown, [], title);
    for (const [index, a] of panels.entries()) {
      assert.ok(a.gridPos.x + a.gridPos.w <= 24, `${title}, ${a.title}`);
      for (const b of panels.slice(index + 1)) assert.ok(!overlap(a, b), `${title}: ${a.title} lies on ${b.title}`);
    }
  }
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
