/**
 * `npm run chaos`: the real services as processes of their own, under conditions that break things.
 *
 *   npm run chaos -- --log jetstream --kills 40 --seed 1 --nodes 200     SIGKILL and SIGSTOP of everything, at random
 *   npm run chaos -- takeover --nodes 2500 --runs 10                     how long partitions stand still when one dies
 *   npm run chaos -- replay --nodes 20 --seconds 600                     what is replayed, against what was live
 *
 * `--json` ends with one JSON document on the last line; `--directory` keeps everything that servers and services wrote.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf, SystemClock } from "@farmscope/runtime";
import { runKills } from "./kills.ts";
import { runReplays } from "./replays.ts";
import { runTakeovers } from "./takeover.ts";

const { values, positionals } = parseArgs({
  options: {
    log: { type: "string", default: "jetstream" },
    seed: { type: "string", default: "1" },
    nodes: { type: "string" },
    rate: { type: "string" },
    kills: { type: "string", default: "40" },
    runs: { type: "string", default: "10" },
    partitions: { type: "string", default: "16" },
    "node-mib": { type: "string", default: "16" },
    seconds: { type: "string", default: "600" },
    "rest-seconds": { type: "string", default: "5" },
    "checkpoint-interval-ms": { type: "string", default: "300000" },
    directory: { type: "string" },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const tell = (line: string): void => console.error(line);

interface Report {
  readonly faults: readonly string[];
}

type Values = typeof values;
type CountName = { [Name in keyof Values]: Values[Name] extends string | undefined ? Name : never }[keyof Values];

function countOf(name: NonNullable<CountName>, otherwise?: number): number {
  const text = values[name];
  const count = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(count) && count! >= 0) return count!;
  throw new Error(`--${name} takes a whole number, not ${text}`);
}

async function run(directory: string): Promise<Report> {
  const { log } = values;
  if (log !== "jetstream" && log !== "kafka") throw new Error(`--log takes jetstream or kafka, not ${log}`);
  const common = { clock: new SystemClock(), log, directory, seed: countOf("seed"), tell } as const;
  switch (positionals[0] ?? "kills") {
    case "kills":
      return await runKills({
        ...common,
        nodes: countOf("nodes", 200),
        kills: countOf("kills"),
        rate: countOf("rate", 150),
      });
    case "takeover":
      return await runTakeovers({
        ...common,
        nodes: countOf("nodes", 2_500),
        runs: countOf("runs"),
        rate: countOf("rate", 20),
        nodeMib: countOf("node-mib"),
        partitions: countOf("partitions"),
        restSeconds: countOf("rest-seconds"),
        checkpointIntervalMs: countOf("checkpoint-interval-ms"),
      });
    case "replay":
      return await runReplays({
        ...common,
        nodes: countOf("nodes", 20),
        rate: countOf("rate", 1_000),
        seconds: countOf("seconds"),
      });
    default:
      throw new Error(`there is no ${positionals[0]}: kills, takeover or replay`);
  }
}

try {
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "farmscope-chaos-"));
  const report = await run(directory);
  for (const fault of report.faults) tell(`FAULT: ${fault}`);
  if (values.json) console.log(JSON.stringify(report));
  if (report.faults.length > 0) tell(`what everybody said is in ${directory}`);
  else if (values.directory === undefined) rmSync(directory, { recursive: true, force: true });
  process.exitCode = report.faults.length === 0 ? 0 : 1;
} catch (error) {
  tell(messageOf(error));
  process.exitCode = 2;
}
