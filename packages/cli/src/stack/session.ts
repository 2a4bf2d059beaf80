import type { Clock, Config, Logger } from "@farmscope/runtime";
import { ensureStreams, openPorts, type Ports } from "../ports.ts";
import { judge } from "../truth/judge.ts";
import { type KernelReading, readKernelPages } from "../truth/kernel-reading.ts";
import { catchUp } from "./catch-up.ts";
import { chooseSource } from "./choose-source.ts";
import { hashOfNodes } from "./hash.ts";
import { type SourceFlags, sourceArguments } from "./source-flags.ts";
import { Stack } from "./stack.ts";
import * as summary from "./summary.ts";

export interface SessionOptions {
  readonly config: Config;
  readonly flags: SourceFlags;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tell: (line: string) => void;
  readonly fresh: boolean;
  /** Seconds to run; null: until the signal, or until a finite source has ended. */
  readonly forSeconds: number | null;
  /** Whether the summary carries the canonical hash. */
  readonly withHash: boolean;
  readonly signal: AbortSignal;
}

/**
 * One run of the whole product on this machine: servers, services, source; then an orderly end and a summary whose every
 * number is read from outside, from the log's streams and the store's views.
 */
export async function runSession(options: SessionOptions): Promise<summary.RunSummary> {
  const { clock, tell, signal, config } = options;
  const startedMs = clock.nowMs();
  const source = await chooseSource(options.flags.source, tell);
  const stack = new Stack({ config, clock, logger: options.logger, fresh: options.fresh, tell });
  let ports: Ports | null = null;
  try {
    await stack.startServers(source, signal);
    ports = await openPorts(stack.config, clock, options.logger);
    await ensureStreams(ports, clock, options.logger, signal);
    const outside = { ...ports, namespace: config.namespace, partitions: config.partitions };
    const positionsBefore = await summary.eventPositions(outside);
    await startServices(stack, options);
    await catchUp(outside, clock);
    const before = summary.balanceOf(await summary.readNodeViews(outside));
    const emitter = await stack.startService("emit", sourceArguments(options.flags, source), { signal });
    tell(`events from ${source}; the console is at http://${config.http}/`);
    await untilOver(options, () => emitter.state === "stopped");
    return await finish({ ...options, stack, outside, source, startedMs, before, positionsBefore });
  } finally {
    await ports?.close();
    await stack.stop();
  }
}

async function startServices(stack: Stack, options: SessionOptions): Promise<void> {
  const { signal, config, tell } = options;
  await Promise.all([
    stack.startService("aggregate", [], { signal }),
    stack.startService("alert", [], { signal }),
    stack.startService("serve", [], { signal, isReady: () => answers(`http://${config.http}/livez`) }),
  ]);
  tell("aggregate, alert and serve are running");
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

async function untilOver(options: SessionOptions, hasEnded: () => boolean): Promise<void> {
  const { clock, forSeconds, signal } = options;
  const deadlineMs = forSeconds === null ? Number.POSITIVE_INFINITY : clock.monotonicMs() + forSeconds * 1_000;
  while (!signal.aborted && !hasEnded() && clock.monotonicMs() < deadlineMs) {
    await clock.sleep(Math.min(200, Math.max(1, deadlineMs - clock.monotonicMs())));
  }
}

interface Ending extends SessionOptions {
  readonly stack: Stack;
  readonly outside: summary.Outside;
  readonly source: string;
  readonly startedMs: number;
  readonly before: summary.EventBalance;
  readonly positionsBefore: readonly number[];
}

async function finish(ending: Ending): Promise<summary.RunSummary> {
  const { stack, outside, clock, source, tell } = ending;
  let reading: KernelReading | null = null;
  if (source === "bpf") {
    tell("reading the kernel's page frames, to judge the map");
    reading = readKernelPages();
  }
  await stack.stopService("emit");
  tell("the emitter has drained; waiting until everything is folded");
  if (!(await catchUp(outside, clock))) tell("not everything was folded in time: the summary is not the whole");
  const views = await summary.readNodeViews(outside);
  const rightRatio = reading === null || views[0] === undefined ? null : await judge(outside, clock, views[0], reading);
  const hash = ending.withHash ? await hashOfNodes(outside, clock, views) : null;
  for (const service of ["aggregate", "alert", "serve"]) await stack.stopService(service);
  const [published, folded] = [await summary.eventPositions(outside), await summary.committedPositions(outside)];
  const events = summary.minus(summary.balanceOf(views), ending.before);
  return {
    source,
    node: views.length === 1 ? views[0]!.node : null,
    nodes: views.length,
    wall_s: Math.round((clock.nowMs() - ending.startedMs) / 100) / 10,
    events,
    batches: {
      published: summary.sum(published) - summary.sum(ending.positionsBefore),
      folded: summary.sum(folded) - summary.sum(ending.positionsBefore),
    },
    coverage: coverageOf(events, summary.sum(folded) / Math.max(1, summary.sum(published))),
    windows_closed: await summary.countFarmWindows(outside, ending.startedMs),
    alerts: await summary.countAlerts(outside.log, ending.startedMs),
    right_ratio: rightRatio,
    hash,
  };
}

/** Share of the events that are in the answer, cut by the share of messages that were folded at all. */
function coverageOf(events: summary.EventBalance, foldedShare: number): number {
  const known = events.in === 0 ? 1 : 1 - (events.lost + events.held) / events.in;
  return known * Math.min(1, foldedShare);
}
