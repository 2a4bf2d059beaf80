/**
 * `npm run chaos`: the real services as processes of their own, under conditions that break things.
 *
 *   npm run chaos -- --log jetstream --kills 40 --seed 1 --nodes 200     SIGKILL and SIGSTOP of everything, at random
 *
 * `--json` ends with one JSON document on the last line; `--directory` keeps everything that servers and services wrote.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf, SystemClock } from "@farmscope/runtime";
import { runKills } from "./kills.ts";

const { values } = parseArgs({
  options: {
    log: { type: "string", default: "jetstream" },
    seed: { type: "string", default: "1" },
    nodes: { type: "string", default: "200" },
    kills: { type: "string", default: "40" },
    rate: { type: "string", default: "150" },
    directory: { type: "string" },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const tell = (line: string): void => console.error(line);

function countOf(name: "seed" | "nodes" | "kills" | "rate"): number {
  const count = Number(values[name]);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new Error(`--${name} takes a whole number, not ${values[name]}`);
}

async function main(): Promise<number> {
  const { log } = values;
  if (log !== "jetstream" && log !== "kafka") throw new Error(`--log takes jetstream or kafka, not ${log}`);
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "farmscope-chaos-"));
  const report = await runKills({
    clock: new SystemClock(),
    log,
    directory,
    seed: countOf("seed"),
    nodes: countOf("nodes"),
    kills: countOf("kills"),
    rate: countOf("rate"),
    tell,
  });
  for (const fault of report.faults) tell(`FAULT: ${fault}`);
  if (values.json) console.log(JSON.stringify(report));
  if (report.faults.length > 0) tell(`what everybody said is in ${directory}`);
  else if (values.directory === undefined) rmSync(directory, { recursive: true, force: true });
  return report.faults.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  tell(messageOf(error));
  process.exitCode = 2;
}
