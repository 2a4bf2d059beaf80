import { repoFiles } from "../repo.ts";

/** A set of test files that cost alike and run alike. */
export interface Suite {
  readonly name: "unit" | "integration" | "kernel" | "browser";
  readonly suffixes: readonly string[];
  /** Unit tests share one process; every other file has its own. */
  readonly isolation: "none" | "process";
  /** Files that run at the same time. */
  readonly concurrency: number;
  /** Longest time one test may take, in milliseconds. */
  readonly testMsMax: number;
  /** Longest time the suite may take, in milliseconds. */
  readonly suiteMsMax: number;
  /** What its tests stand on: where FARMSCOPE_REQUIRE names all of it, none may be skipped. */
  readonly stands: readonly Requirement[];
}

export type Requirement = "nats" | "redis" | "chromium" | "bpf";

/** In the order in which they run: cheapest first. Whole services start in some of the integration tests. */
export const SUITES: readonly Suite[] = [
  {
    name: "unit",
    suffixes: [".test.ts", ".prop.test.ts"],
    isolation: "none",
    concurrency: 1,
    testMsMax: 60_000,
    suiteMsMax: 300_000,
    stands: [],
  },
  {
    name: "integration",
    suffixes: [".it.test.ts"],
    isolation: "process",
    concurrency: 2,
    testMsMax: 180_000,
    suiteMsMax: 900_000,
    stands: ["nats", "redis"],
  },
  {
    name: "kernel",
    suffixes: [".kernel.test.ts"],
    isolation: "process",
    concurrency: 1,
    testMsMax: 180_000,
    suiteMsMax: 900_000,
    stands: ["bpf"],
  },
  {
    name: "browser",
    suffixes: [".browser.test.ts"],
    isolation: "process",
    concurrency: 1,
    testMsMax: 180_000,
    suiteMsMax: 600_000,
    stands: ["chromium"],
  },
];

/** The test files of a suite: those whose name ends in its suffix and has no further dot before it. */
export function filesOf(suite: Suite, files: readonly string[] = repoFiles()): string[] {
  return files.filter((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return suite.suffixes.some((suffix) => name.endsWith(suffix) && !name.slice(0, -suffix.length).includes("."));
  });
}

/** What a machine may lack although the rest of its suite can run: a skip that names one of these is judged by it alone. */
const SEPARATE_PEERS = ["kafka", "nats-newer", "go", "bpftrace"];

/** The suite and skip judged against FARMSCOPE_REQUIRE: whether such a skip is a failure. */
export function isForbiddenSkip(suite: Suite, reason: string, required: ReadonlySet<string>): boolean {
  const words = reason.toLowerCase().split(/[^a-z0-9-]+/);
  const peers = SEPARATE_PEERS.filter((peer) => words.includes(peer));
  if (peers.length > 0) return peers.some((peer) => required.has(peer));
  if (suite.stands.length > 0 && suite.stands.every((requirement) => required.has(requirement))) return true;
  return words.some((word) => required.has(word));
}

/** The requirements that the environment names. */
export function requirementsOf(text: string | undefined): ReadonlySet<string> {
  return new Set(
    (text ?? "")
      .split(",")
      .map((word) => word.trim().toLowerCase())
      .filter((word) => word !== ""),
  );
}
