import { cpus, release } from "node:os";
import type { BenchResult } from "./bench.ts";

/** docs/benchmarks.md, as a whole. */
export function benchmarkDocument(results: readonly BenchResult[]): string {
  const [cpu] = cpus();
  const head = [
    "# Benchmarks",
    "",
    "Written by `npm run bench`; not to be edited. Believe ratios: both sides of each were measured in the same run.",
    "",
    `Machine: ${cpus().length} cores (${cpu?.model.trim() || "unnamed"}), Linux ${release()}, Node ${process.version}.`,
  ];
  return `${[...head, ...results.flatMap(section)].join("\n")}\n`;
}

function section({ name, file, result }: BenchResult): string[] {
  const rows = flat(result).map(([key, value]) => `| ${key} | ${value} |`);
  return ["", `## ${name}`, "", `\`${file}\``, "", "| measure | value |", "|---|---|", ...rows];
}

/** The result's values by dotted path, ready for reading. */
export function flat(value: object, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]): [string, string][] => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof item === "object" && item !== null) return flat(item, path);
    return [[path, typeof item === "number" ? readable(item) : String(item)]];
  });
}

function readable(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(4)));
}
