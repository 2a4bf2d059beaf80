import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Distribution } from "@farmscope/domain";
import { fill, installation } from "../fixtures.ts";
import { exposition, sample } from "./exposition.ts";
import { histogramSamples } from "./histogram-samples.ts";

describe("the text format", () => {
  it("writes HELP and TYPE once and escapes what must be", () => {
    const samples = [sample(1.5, { node_id: 'a"b\\c\nd' }), sample(Number.POSITIVE_INFINITY)];
    assert.equal(
      exposition([
        { name: "x", help: "a\nb\\", type: "gauge", samples },
        { name: "empty", help: "", type: "gauge", samples: [] },
      ]),
      '# HELP x a\\nb\\\\\n# TYPE x gauge\nx{node_id="a\\"b\\\\c\\nd"} 1.5\nx +Inf\n',
    );
  });
});

describe("histograms", () => {
  it("are cumulative, ascending, and end at the count", () => {
    const distribution = new Distribution();
    for (const valueUs of [0.5, 3, 3, 1000, 5e9]) distribution.recordExactUs(valueUs);
    const samples = histogramSamples(distribution, { farm: "f" });
    const buckets = samples.filter((each) => each.suffix === "_bucket");
    const values = buckets.map((each) => each.value);
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
    );
    assert.equal(buckets.find((each) => each.labels["le"] === "0.000004")?.value, 3);
    assert.equal(buckets.find((each) => each.labels["le"] === "0.001024")?.value, 4);
    assert.deepEqual([buckets.at(-1)?.labels["le"], buckets.at(-1)?.value], ["+Inf", 5]);
    assert.equal(buckets.at(-2)?.value, 4);
    assert.equal(samples.at(-1)?.value, 5);
  });
});

describe("/metrics", () => {
  it("shows farms, nodes and the installation in a form that Prometheus reads", async () => {
    const there = installation();
    await fill(there.store);
    const response = await (await there.api.app()).inject("/metrics");
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.match(response.body, /^farmscope_node_free_pages\{farm="default",node_id="a"\} 513$/m);
    assert.match(response.body, /^farmscope_farm_nodes_online\{farm="default"\} 2$/m);
    assert.match(response.body, /^farmscope_runq_delay_seconds_count\{farm="default"\} 200$/m);
    assert.match(response.body, /^farmscope_events\{kind="pages",fate="lost"\} 6$/m);
    const families = [...response.body.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    assert.equal(new Set(families).size, families.length);
    for (const line of response.body.trimEnd().split("\n")) {
      assert.match(line, /^(# (HELP|TYPE) .*|[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? \S+)$/);
    }
  });
});
