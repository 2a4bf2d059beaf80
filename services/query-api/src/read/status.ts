import { type StreamName, type StreamPositions, streamLabel, WHOLE_STREAMS } from "@farmscope/log";
import { messageOf, type StageCounter } from "@farmscope/runtime";
import type { QueryContext } from "../context.ts";
import { PROBE_MS_MAX } from "../limits.ts";
import { sumBalances } from "../measure/balances.ts";
import { meanShare } from "../measure/number.ts";
import { rfc3339 } from "../period.ts";
import type { StatusAnswer } from "../schemas/index.ts";
import { readDeadLetters } from "./dead-letters.ts";
import { withDeadline } from "./deadline.ts";
import type { PartitionNodes } from "./fleet.ts";

/** What each role of a replica announces itself as. */
const ROLES = ["aggregator", "alerting", "query-api", "emitter"];

/**
 * The state of the installation. What cannot be reached is left out and named in `warnings`, so that status answers
 * when it is needed most.
 */
export async function readStatus(context: QueryContext, stages: readonly StageCounter[]): Promise<StatusAnswer> {
  const { clock, coordination, fleet, log, store } = context;
  const warnings: string[] = [];
  const orElse = async <T>(what: string, otherwise: T, reading: Promise<T>): Promise<T> =>
    withDeadline(clock, PROBE_MS_MAX, what, reading).catch((error: unknown) => {
      warnings.push(`${what}: ${messageOf(error)}`);
      return otherwise;
    });
  const [logKind, storeKind, holders, nodes, deadLetters, streams, members] = await Promise.all([
    orElse("log", null, log.describe()),
    orElse("store", null, store.describe()),
    orElse("owners", new Map<string, string>(), coordination.holders("")),
    orElse("nodes", [], fleet.all()),
    orElse("dead letters", { messages: 0, newest: [] }, readDeadLetters(log)),
    Promise.all(WHOLE_STREAMS.map((stream) => orElse(`stream ${streamLabel(stream)}`, null, streamLine(stream, log)))),
    Promise.all(ROLES.map((role) => orElse(`members of ${role}`, [], coordination.members(role)))),
  ]);
  const read = (partition: number) => partitionLine(context, partition, holders, nodes[partition]);
  const partitions = await Promise.all(
    Array.from({ length: context.views.partitions }, (_, partition) =>
      orElse(`partition ${partition}`, null, read(partition)),
    ),
  );
  const lines = nodes.flatMap((each) => each.lines);
  for (const [name, backend] of [
    ["log", logKind],
    ["store", storeKind],
  ] as const) {
    warnings.push(...(backend?.warnings ?? []).map((warning) => `${name}: ${warning}`));
  }
  return {
    coverage: meanShare(lines.map((line) => line.coverage)),
    at: rfc3339(clock.nowMs()),
    version: context.version,
    startedMs: context.startedMs,
    log: logKind === null ? null : { ...logKind, warnings: [...logKind.warnings] },
    store: storeKind === null ? null : { ...storeKind, warnings: [...storeKind.warnings] },
    members: members.flat().map(({ id, role }) => ({ id, role })),
    partitions: partitions.filter((line) => line !== null).map(({ line }) => line),
    streams: [...partitions.map((each) => each?.stream ?? null), ...streams].filter((line) => line !== null),
    nodes: {
      known: lines.length,
      online: lines.filter((line) => line.online).length,
      observed: lines.filter((line) => line.observed).length,
    },
    balances: sumBalances(nodes.map((each) => each.balances)),
    loss: lossOf(nodes, deadLetters.messages),
    deadLetters,
    requests: stages.map((stage) => stage.toJSON()).map((stage) => ({ ...stage })),
    warnings,
  };
}

function positionsName(stream: StreamName): string {
  if ("partition" in stream) return `${stream.kind === "event" ? "ev" : "ckpt"}.${stream.partition}`;
  return streamLabel(stream);
}

function lineOf(stream: StreamName, { first, last, messages, bytes }: StreamPositions) {
  return { stream: positionsName(stream), first, last, messages, bytes };
}

async function streamLine(stream: StreamName, log: QueryContext["log"]) {
  return lineOf(stream, await log.positions(stream));
}

async function partitionLine(
  { log, store }: QueryContext,
  partition: number,
  holders: ReadonlyMap<string, string>,
  nodes: PartitionNodes | undefined,
) {
  const [positions, committed] = await Promise.all([
    log.positions({ kind: "event", partition }),
    store.committed(`p${partition}`),
  ]);
  const line: StatusAnswer["partitions"][number] = {
    partition,
    owner: holders.get(`p${partition}`) ?? null,
    mergeOwner: holders.get(`m${partition}`) ?? null,
    epoch: committed?.epoch ?? null,
    position: committed?.position ?? null,
    last: positions.last,
    lag: committed === null ? positions.last : Math.max(0, positions.last - committed.position),
    nodes: nodes?.lines.length ?? 0,
  };
  return { line, stream: lineOf({ kind: "event", partition }, positions) };
}

/** What was lost or left out, by the stage where it happened. */
function lossOf(nodes: readonly PartitionNodes[], deadMessages: number): StatusAnswer["loss"] {
  const { pages, runq, gc } = sumBalances(nodes.map((each) => each.balances));
  const kinds = [
    ["pages", pages],
    ["runq", runq],
    ["gc", gc],
  ] as const;
  const batches = (field: "gaps" | "duplicates" | "held"): number =>
    nodes.reduce((sum, each) => sum + each.batches[field], 0);
  return [
    ...kinds.map(([kind, balance]) => ({
      stage: `${kind}: kernel to log, lost`,
      unit: "events" as const,
      count: balance.lost,
    })),
    ...kinds.map(([kind, balance]) => ({
      stage: `${kind}: left out on purpose`,
      unit: "events" as const,
      count: balance.dropped,
    })),
    ...kinds.map(([kind, balance]) => ({
      stage: `${kind}: on their way`,
      unit: "events" as const,
      count: balance.held,
    })),
    { stage: "batches: sequence gaps", unit: "batches", count: batches("gaps") },
    { stage: "batches: duplicates ignored", unit: "batches", count: batches("duplicates") },
    { stage: "batches: waiting for an earlier one", unit: "batches", count: batches("held") },
    { stage: "dead letters", unit: "messages", count: deadMessages },
  ];
}
