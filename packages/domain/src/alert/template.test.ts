import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatDurationUs, formatNumber, formatPercent } from "./format.ts";
import { parseTemplate, renderTemplate } from "./template.ts";

const FIELDS = ["farm", "value"];
const render = (source: string, values: Record<string, string | number>): string =>
  renderTemplate(parseTemplate(source, FIELDS).template, values).text;

test("A template is filled from fields and filters, and text around them stays", () => {
  const source = "{{ .farm }}: {{.value | percent}} of free memory is unusable";
  assert.deepEqual(parseTemplate(source, FIELDS).faults, []);
  assert.equal(render(source, { farm: "edge-1", value: 0.6251 }), "edge-1: 62.5% of free memory is unusable");
});

test("Every fault of a template is reported with its place", () => {
  const { faults } = parseTemplate(
    "{{ farm }} {{ .nope }} {{ .value | upper }} {{ .value | bytes | percent }} {{ .v",
    FIELDS,
  );
  assert.deepEqual(faults, [
    { offset: 0, message: "a placeholder begins with a field such as .farm, not 'farm'" },
    { offset: 11, message: "unknown field '.nope'; there are farm, value" },
    { offset: 23, message: "unknown filter 'upper'; there are bytes, duration, percent" },
    { offset: 44, message: "one filter is enough: a filtered value is a text" },
    { offset: 75, message: "'{{' is never closed" },
  ]);
});

test("What cannot be filled becomes a question mark and is reported, never thrown", () => {
  const { template } = parseTemplate("{{ .farm | percent }} {{ .value }}", FIELDS);
  assert.deepEqual(renderTemplate(template, { farm: "a" }), {
    text: "? ?",
    faults: ["'.farm' is a text, which the filter 'percent' cannot take", "'.value' has no value"],
  });
});

test("A field named like a property of every object is still unknown", () => {
  assert.equal(parseTemplate("{{ .constructor }}", FIELDS).faults.length, 1);
  assert.equal(parseTemplate("{{ .value | constructor }}", FIELDS).faults.length, 1);
});

test("Numbers are written short, with the unit that suits them", () => {
  assert.deepEqual([0.62134, 12.5, 48_199.6, Number.NaN].map(formatNumber), ["0.6213", "12.5", "48200", "unknown"]);
  assert.deepEqual([0, 0.6, 0.85249, Number.POSITIVE_INFINITY].map(formatPercent), ["0%", "60%", "85.2%", "unbounded"]);
  assert.deepEqual([850, 5200, 1_500_000, 150e6].map(formatDurationUs), ["850 us", "5.2 ms", "1.5 s", "2.5 min"]);
  assert.deepEqual([512, 100 * 2 ** 20, -(2 ** 41)].map(formatBytes), ["512 B", "100 MiB", "-2 TiB"]);
});
