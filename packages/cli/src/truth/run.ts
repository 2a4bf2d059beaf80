import type { Clock, Config, Logger } from "@farmscope/runtime";
import { OperatingError } from "@farmscope/runtime";
import type { WorkloadName } from "@farmscope/testkit/workloads";
import { ensureStreams, openPorts } from "../ports.ts";
import { Stack } from "../stack/stack.ts";
import { measureTruth, type TruthReport } from "./truth.ts";

export interface RunTruthOptions {
  readonly config: Config;
  readonly workload: WorkloadName;
  readonly seconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts servers, aggregator and emitter as processes, measures, and ends them.
 * @throws {OperatingError} BPF_UNAVAILABLE; what starting the stack throws.
 */
export async function runTruth(options: RunTruthOptions): Promise<TruthReport> {
  const { config, clock, logger, tell, signal } = options;
  await requireKernel();
  const stack = new Stack({ config, clock, logger, fresh: true, tell });
  try {
    await stack.startServers("bpf", signal);
    const ports = await openPorts(stack.config, clock, logger);
    try {
      await ensureStreams(ports, clock, logger, signal);
      await stack.startService("aggregate", [], { signal });
      await stack.startService("emit", ["--source", "bpf"], { signal });
      const outside = { ...ports, namespace: config.namespace, partitions: config.partitions };
      return await measureTruth({ ...options, outside });
    } finally {
      await ports.close();
    }
  } finally {
    await stack.stop();
  }
}

async function requireKernel(): Promise<void> {
  const { whyNoBpf } = await import("@farmscope/node-emitter/bpf");
  const reason = await whyNoBpf();
  if (reason === null) return;
  throw new OperatingError("BPF_UNAVAILABLE", `the kernel cannot be watched: ${reason}`, {
    remedy: "farmscope doctor tells what is lacking",
  });
}
