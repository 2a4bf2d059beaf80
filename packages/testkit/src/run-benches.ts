/**
 * `npm run bench`: runs every bench and writes docs/benchmarks.md.
 *
 *   npm run bench -- fold --json     only that one, ending with its result as one JSON line
 *   npm run bench -- --smoke         all at a size that proves they work; writes nothing
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchResult, benchName, findBenches, runBench } from "./bench/bench.ts";
import { benchmarkDocument, flat } from "./bench/document.ts";
import { REPO_ROOT } from "./repo.ts";

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false }, smoke: { type: "boolean", default: false } },
  allowPositionals: true,
});

const files = findBenches(positionals);
const unknown = positionals.filter((name) => !files.some((file) => benchName(file) === name));
if (unknown.length > 0) {
  console.error(`no bench named ${unknown.join(", ")}; there are: ${findBenches([]).map(benchName).join(", ")}`);
  process.exit(2);
}

const results: BenchResult[] = [];
for (const file of files) {
  console.error(`${file} …`);
  const result = await runBench(file, values.smoke);
  results.push(result);
  if (!values.json)
    console.log([`${result.name}:`, ...flat(result.result).map(([key, value]) => `  ${key} ${value}`)].join("\n"));
}
if (positionals.length === 0 && !values.smoke) {
  writeFileSync(join(REPO_ROOT, "docs/benchmarks.md"), benchmarkDocument(results));
}
if (values.json) console.log(JSON.stringify(results.length === 1 ? results[0] : { benches: results }));
