import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Distribution } from "@farmscope/domain";
import { fill, installation } from "../fixtures.ts";
import { EXEMPLAR_CHARACTERS_MAX, exposition, openMetrics, sample } from "./exposition.ts";
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

describe("OpenMetrics", () => {
  const bucket = (node: string) => ({
    suffix: "_bucket",
    labels: { le: "1.0" },
    value: 3,
    exemplar: { labels: { node_id: node }, value: 0.5, atS: 1_700_000_000.25 },
  });
  const histogram = (node: string) =>
    openMetrics([{ name: "h", help: 'a "b"', type: "histogram" as const, samples: [bucket(node)] }]);

  it("names counters without their ending, ends with an end, and escapes quotes in help", () => {
    assert.equal(
      openMetrics([{ name: "x_total", help: "a", type: "counter", samples: [sample(2)] }]),
      "# HELP x a\n# TYPE x counter\nx_total 2\n# EOF\n",
    );
    assert.match(histogram("n"), /^# HELP h a \\"b\\"$/m);
  });

  it("shows an exemplar behind its bucket, and none whose labels are longer than may be", () => {
    assert.match(histogram("n"), /^h_bucket\{le="1.0"\} 3 # \{node_id="n"\} 0.5 1700000000.250$/m);
    const longest = "n".repeat(EXEMPLAR_CHARACTERS_MAX - "node_id".length);
    assert.match(histogram(longest), / # \{/);
    assert.match(histogram(`${longest}n`), /^h_bucket\{le="1.0"\} 3$/m);
  });

  it("puts the newest exemplar into the bucket that its value lies in", () => {
    const distribution = new Distribution();
    for (const valueUs of [3, 3, 1000]) distribution.recordExactUs(valueUs);
    const at = (value: number, atS: number) => ({ labels: { pid: String(atS) }, value, atS });
    const exemplars = [at(0.000003, 1), at(0.000003, 2), at(0.000004, 0), at(0.5, 3)];
    const shown = histogramSamples(distribution, {}, exemplars).filter((each) => each.exemplar !== undefined);
    assert.deepEqual(
      shown.map((each) => [each.labels["le"], each.exemplar?.atS]),
      [["0.000004", 2]],
      "nothing was counted where 0.5 s would lie",
    );
  });
});

describe("/metrics", () => {
  it("is OpenMetrics where that is accepted, Prometheus' own format elsewhere", async () => {
    const there = installation();
    await fill(there.store);
    const app = await there.api.app();
    const typeFor = async (accept: string) =>
      (await app.inject({ url: "/metrics", headers: { accept } })).headers["content-type"];
    const prometheus = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    assert.equal(await typeFor(prometheus), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for (const accept of ["", "*/*", "text/plain", "application/openmetrics-text;version=2.0.0"])
      assert.equal(await typeFor(accept), "text/plain; version=0.0.4; charset=utf-8", accept);
    const { body } = await app.inject({ url: "/metrics", headers: { accept: prometheus } });
    assert.match(body, /\n# EOF\n$/);
  });

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
