import { fileURLToPath } from "node:url";
import { type EventSource, SyntheticSource, TraceSource } from "@farmscope/node-emitter";
import type { Clock, Config } from "@farmscope/runtime";
import type { SourceFlags } from "./source-flags.ts";

/** Recorded on a real kernel by `farmscope record`. */
const TRACE_THAT_COMES_ALONG = fileURLToPath(
  new URL("../../../../services/node-emitter/traces/first-light.trace", import.meta.url),
);

/**
 * Makes the source that the flags ask for; nothing is opened yet. The native part is loaded only for the kernel, so that
 * the others work without it.
 */
export async function openSource(
  kind: EventSource["kind"],
  flags: SourceFlags,
  config: Config,
  clock: Clock,
): Promise<EventSource> {
  switch (kind) {
    case "bpf": {
      const { BpfSource } = await import("@farmscope/node-emitter/bpf");
      const { nodeId, pageRingBytes, runqKeepOneIn, pageKeepOneIn } = config;
      return new BpfSource({ clock, nodeId, pageRingBytes, runqKeepOneIn, pageKeepOneIn });
    }
    case "trace":
      return new TraceSource({ clock, path: flags.trace ?? TRACE_THAT_COMES_ALONG, speed: flags.speed, loop: true });
    case "synthetic":
      return new SyntheticSource({
        clock,
        seed: flags.seed,
        nodes: flags.nodes,
        firstNode: flags["first-node"],
        eventsPerNode: flags.events,
        rate: flags.rate,
        memoryBytes: flags["node-mib"] * 2 ** 20,
        runqKeepOneIn: config.runqKeepOneIn,
      });
  }
}
