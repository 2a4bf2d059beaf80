import type { FlagSpecs, FlagValues } from "../flags.ts";

/** Flags that say where events come from; of `emit`, `up` and `simulate` alike. */
export const SOURCE_FLAGS = {
  source: {
    kind: "text",
    choices: ["auto", "bpf", "trace", "synthetic"],
    default: "auto",
    description: "Where events come from. auto: the kernel, or the recorded trace where BPF cannot be had.",
  },
  nodes: { kind: "integer", minimum: 1, maximum: 5000, default: 1, description: "Synthetic: number of nodes." },
  "first-node": {
    kind: "integer",
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
    description: "Synthetic: index of the first node, so that several emitters can share a fleet.",
  },
  seed: { kind: "integer", minimum: 0, maximum: 2 ** 32 - 1, default: 1, description: "Synthetic: seed." },
  events: {
    kind: "integer",
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 0,
    description: "Synthetic: page events of each node, then it ends. 0: without end.",
  },
  rate: {
    kind: "number",
    minimum: 0,
    maximum: 10_000_000,
    default: 2000,
    description: "Synthetic: page events a second and node. 0: as fast as the log takes them.",
  },
  "node-mib": {
    kind: "integer",
    minimum: 16,
    maximum: 65_536,
    default: 256,
    description: "Synthetic: memory of a node in MiB.",
  },
  trace: { kind: "text", placeholder: "FILE", description: "Trace: the recording. Default: the one that comes along." },
  speed: {
    kind: "number",
    minimum: 0,
    maximum: 1000,
    default: 1,
    description: "Trace: 2 is twice as fast, 0 at once.",
  },
} as const satisfies FlagSpecs;

export type SourceFlags = FlagValues<typeof SOURCE_FLAGS>;

/** The same flags as words, for a child process. */
export function sourceArguments(flags: SourceFlags, source: string): string[] {
  const words = ["--source", source];
  for (const name of ["nodes", "first-node", "seed", "events", "rate", "node-mib", "trace", "speed"] as const) {
    const value = flags[name];
    if (value !== undefined) words.push(`--${name}`, String(value));
  }
  return words;
}
