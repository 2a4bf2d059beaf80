import type { NodeView } from "@farmscope/proto";
import { type Clock, OperatingError, type SupervisedProcess } from "@farmscope/runtime";
import { hashOfNodes } from "../stack/hash.ts";
import { committedPositions, type EventBalance, eventPositions, NOTHING, readNodeViews } from "../stack/summary.ts";
import { waitUntil } from "../stack/wait.ts";
import { runCommand } from "./command-run.ts";
import type { Installation } from "./installation.ts";

/** Longest time for the last batches to be logged and folded, in milliseconds. */
const SETTLE_MS_MAX = 180_000;

/** What a run came to, read from outside the services. */
export interface Outcome {
  /** Canonical hash of all nodes. */
  readonly hash: string;
  readonly nodes: number;
  /** Page, run-queue and garbage-collection events of all nodes. */
  readonly events: EventBalance;
  /** Batches that were declared missing. */
  readonly gaps: number;
  /** Batches that were seen again and passed over. */
  readonly duplicates: number;
}

/** What `farmscope rebuild --json` says, as far as it is looked at. */
export interface Rebuilt {
  readonly windows: number;
  readonly equal: number;
  readonly different: number;
  readonly events: number;
  readonly events_per_s: number;
  readonly first_differences: readonly unknown[];
}

/**
 * Waits until the emitters have ended by themselves and all that they published is committed, and reads what came of it.
 * @throws {OperatingError} TIMEOUT.
 */
export async function readOutcome(
  installation: Installation,
  emitters: readonly SupervisedProcess[],
  trafficMsMax: number,
  clock: Clock,
): Promise<Outcome> {
  const haveEnded = async (): Promise<boolean> => emitters.every(({ state }) => state === "stopped");
  if (!(await waitUntil(clock, trafficMsMax, haveEnded))) throw timeout("the emitters did not end", trafficMsMax);
  const views = await settledViews(installation, clock);
  return {
    hash: await hashOfNodes(installation.outside, clock, views),
    nodes: views.length,
    events: balanceOf(views),
    gaps: sumOf(views, ({ batches }) => Number(batches?.gaps ?? 0)),
    duplicates: sumOf(views, ({ batches }) => Number(batches?.duplicates ?? 0)),
  };
}

/** The balance of all nodes, once all that has been published is committed. @throws {OperatingError} TIMEOUT. */
export async function readBalance(installation: Installation, clock: Clock): Promise<EventBalance> {
  return balanceOf(await settledViews(installation, clock));
}

async function settledViews({ outside }: Installation, clock: Clock): Promise<readonly NodeView[]> {
  const published = await eventPositions(outside);
  let views: NodeView[] = [];
  const isFolded = async (): Promise<boolean> => {
    const committed = await committedPositions(outside);
    if (!committed.every((position, partition) => position >= published[partition]!)) return false;
    views = await readNodeViews(outside);
    return balanceOf(views).held === 0;
  };
  if (!(await waitUntil(clock, SETTLE_MS_MAX, isFolded))) throw timeout("not everything was folded", SETTLE_MS_MAX);
  return views;
}

/** Folds the log of an installation again, whose services have ended, and compares. */
export async function rebuild(installation: Installation, clock: Clock): Promise<Rebuilt> {
  return (await runCommand<Rebuilt>(["rebuild"], installation.environment, clock)).document;
}

function balanceOf(views: readonly NodeView[]): EventBalance {
  const balances = views.flatMap(({ pages, runq, gc }) => [pages, runq, gc]).filter((balance) => balance !== undefined);
  const total = (key: keyof EventBalance): number => sumOf(balances, (balance) => Number(balance[key]));
  return {
    ...NOTHING,
    in: total("in"),
    folded: total("folded"),
    dropped: total("dropped"),
    lost: total("lost"),
    held: total("held"),
  };
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

function timeout(what: string, ms: number): OperatingError {
  return new OperatingError("TIMEOUT", `${what} within ${ms} ms`);
}
