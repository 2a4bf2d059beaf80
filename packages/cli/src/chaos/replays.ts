import { WINDOW_MS } from "@farmscope/domain";
import type { Clock } from "@farmscope/runtime";
import { waitUntil } from "../stack/wait.ts";
import { FarmscopeCommand, runCommand } from "./command-run.ts";
import { compareViews, type ViewComparison } from "./compare-views.ts";
import { Installation, type LogKind } from "./installation.ts";
import { type Rebuilt, readOutcome, rebuild } from "./outcome.ts";
import { startAggregators, startTraffic } from "./traffic.ts";

export interface ReplaysOptions {
  readonly clock: Clock;
  readonly log: LogKind;
  readonly directory: string;
  readonly seed: number;
  readonly nodes: number;
  /** Page events a second and node. */
  readonly rate: number;
  /** How long the traffic is, in seconds. */
  readonly seconds: number;
  readonly tell: (line: string) => void;
}

/** What `farmscope replay --json` says, as far as it is looked at. */
interface Replayed {
  readonly state: string;
  readonly events: number;
  readonly windows: number;
  readonly eventsPerS: number;
  readonly namespace: string;
}

/** What `npm run chaos -- replay --json` ends with. */
export interface ReplaysReport {
  readonly log: LogKind;
  readonly seconds: number;
  readonly events: number;
  readonly lost: number;
  /** All of the traffic, from the log's beginning: windows, and views as they stand in the end. */
  readonly whole: ViewComparison & Replayed;
  /** A part of it, from the checkpoint before; its windows. */
  readonly part: Omit<ViewComparison, "node_views"> & Replayed;
  /** As fast as it happened, ended by a signal. */
  readonly cancelled: { readonly state: string; readonly code: number; readonly progress_lines: number };
  readonly rebuild: Rebuilt;
  readonly faults: readonly string[];
}

const AGGREGATORS = 2;
const EMITTERS = 2;
const PARTITIONS = 4;
const NODE_MIB = 16;
/** Longest wait for a replay to tell how far it is, in milliseconds: its range may begin before anything happened. */
const PROGRESS_MS_MAX = 60_000;
/** Longer than the traffic by so much, in milliseconds, and nobody is to wait for it any more. */
const SLACK_MS = 300_000;

/** Lets traffic be folded live, then replays it into scratch namespaces and compares windows and views. */
export async function runReplays(options: ReplaysOptions): Promise<ReplaysReport> {
  const { clock, log, directory, seconds, tell } = options;
  await using installation = await Installation.start({ clock, log, directory, partitions: PARTITIONS, tell });
  const { seed, nodes, rate } = options;
  const fromMs = Math.floor(clock.nowMs() / WINDOW_MS) * WINDOW_MS;
  await startAggregators(installation, AGGREGATORS);
  const traffic = { seed, nodes, emitters: EMITTERS, eventsPerNode: rate * seconds, rate, nodeMib: NODE_MIB };
  const emitters = await startTraffic(installation, traffic);
  const { events } = await readOutcome(installation, emitters, seconds * 1_000 + SLACK_MS, clock);
  await installation.stopServices("aggregator");
  const toMs = clock.nowMs() + WINDOW_MS;
  tell(`${events.in} events in ${seconds} s, ${events.lost} lost; replaying them`);
  const whole = await replayed(installation, { fromMs, toMs }, "whole", clock);
  const middleMs = fromMs + Math.floor((toMs - fromMs) / 2 / WINDOW_MS) * WINDOW_MS;
  const aroundMs = { fromMs: middleMs - WINDOW_MS, toMs: middleMs + 2 * WINDOW_MS };
  // Views are of the end of what was folded: those of a part are not the live ones.
  const { node_views: _views, ...part } = await replayed(installation, aroundMs, "part", clock);
  const cancelled = await cancel(installation, { fromMs, toMs }, clock);
  const report = { log, seconds, events: events.in, lost: events.lost, whole, part, cancelled };
  const again = await rebuild(installation, clock);
  return { ...report, rebuild: again, faults: faultsOf({ ...report, rebuild: again }) };
}

type Range = { readonly fromMs: number; readonly toMs: number };

async function replayed(installation: Installation, range: Range, into: string, clock: Clock) {
  const args = ["replay", "--from", String(range.fromMs), "--to", String(range.toMs), "--into", into];
  const { document } = await runCommand<Replayed>(args, installation.environment, clock);
  const { state, events, windows, eventsPerS, namespace } = document;
  const { outside } = installation;
  const compared = await compareViews(outside.store, [outside.namespace, namespace], outside.partitions, range);
  return { ...compared, state, events, windows, eventsPerS, namespace };
}

async function cancel(installation: Installation, { fromMs, toMs }: Range, clock: Clock) {
  const args = ["replay", "--from", String(fromMs), "--to", String(toMs), "--into", "cancelled", "--speed", "1"];
  const command = await FarmscopeCommand.start(args, installation.environment, clock);
  const progress = (): readonly string[] => command.lines.filter((line) => line.startsWith("running:"));
  await waitUntil(clock, PROGRESS_MS_MAX, async () => progress().length > 0);
  await command.interrupt();
  const { code, document } = await command.ended<Replayed>();
  return { state: document.state, code, progress_lines: progress().length };
}

function faultsOf({ whole, part, cancelled, rebuild: again, lost }: Omit<ReplaysReport, "faults">): string[] {
  const differs = ({ node_windows, farm_windows }: Omit<ViewComparison, "node_views">): boolean =>
    node_windows.different + farm_windows.different > 0;
  const faults: [boolean, string][] = [
    [lost > 0, "something was lost"],
    [whole.state !== "complete" || part.state !== "complete", "a replay did not complete"],
    [differs(whole) || whole.node_views.different > 0, "the replay of all is not what was live"],
    [differs(part), "the replay of a part is not what was live"],
    [part.node_windows.equal === 0 || part.farm_windows.equal === 0, "no windows were compared"],
    [cancelled.state !== "cancelled" || cancelled.code !== 1, "the replay was not cancelled in order"],
    [cancelled.progress_lines === 0, "the replay did not tell of its progress"],
    [again.different > 0, "the log gives something else again"],
  ];
  return faults.filter(([isSo]) => isSo).map(([, text]) => text);
}
