import type { LoggedBatch } from "@farmscope/history";
import type { QueryContext } from "../context.ts";
import { EXEMPLAR_BATCHES_MAX, EXEMPLAR_NODES_MAX } from "../limits.ts";
import { datesOf } from "../measure/batch-clock.ts";
import { CgroupPaths } from "../measure/cgroup-paths.ts";
import type { Period } from "../period.ts";
import type { Exemplar, SignalName } from "../schemas/index.ts";

const NS_PER_US = 1_000;

/** The slowest of each step, as many as are wanted of it. */
class Slowest {
  readonly #perStep: number;
  readonly #period: Period;
  readonly #steps = new Map<number, Exemplar[]>();

  constructor(period: Period, max: number) {
    this.#period = period;
    this.#perStep = Math.max(1, Math.floor(max / ((period.toMs - period.fromMs) / period.stepMs)));
  }

  /** Whether a value of this time would be one of them, so that it pays to make an exemplar of it. */
  wants(atMs: number, valueUs: number): boolean {
    const { fromMs, toMs } = this.#period;
    if (atMs < fromMs || atMs >= toMs) return false;
    const kept = this.#steps.get(this.#stepOf(atMs));
    return kept === undefined || kept.length < this.#perStep || valueUs > kept.at(-1)!.valueUs;
  }

  take(exemplar: Exemplar): void {
    const step = this.#stepOf(exemplar.atMs);
    const kept = this.#steps.get(step) ?? [];
    this.#steps.set(step, kept);
    const at = kept.findIndex(({ valueUs }) => valueUs < exemplar.valueUs);
    kept.splice(at < 0 ? kept.length : at, 0, exemplar);
    if (kept.length > this.#perStep) kept.pop();
  }

  /** The slowest of all, by time. */
  result(max: number): Exemplar[] {
    const all = [...this.#steps.values()].flat().sort((a, b) => b.valueUs - a.valueUs);
    return all.slice(0, max).sort((a, b) => a.atMs - b.atMs);
  }

  #stepOf(atMs: number): number {
    return Math.floor(atMs / this.#period.stepMs);
  }
}

/**
 * Raw events behind a farm's latency: the slowest of each step among those that were sampled, from some of its nodes.
 * @param nodes of the farm; evenly chosen when there are many.
 * @throws {OperatingError} OVERLOADED, ABORTED; LOG_UNAVAILABLE (retriable).
 */
export async function readExemplars(
  { past, views }: QueryContext,
  request: {
    readonly nodes: readonly string[];
    readonly signal: SignalName;
    readonly period: Period;
    readonly max: number;
  },
  hangUp: AbortSignal,
): Promise<Exemplar[]> {
  const { nodes, signal, period, max } = request;
  if (max === 0) return [];
  const slowest = new Slowest(period, max);
  const stride = Math.max(1, Math.ceil(nodes.length / EXEMPLAR_NODES_MAX));
  for (const node of nodes.filter((_, at) => at % stride === 0)) {
    const paths = new CgroupPaths(await views.node(node));
    let batches = 0;
    for await (const logged of past.logged(node, period.fromMs, period.toMs, hangUp)) {
      paths.learn(logged.item.batch.cgroups);
      if (signal === "runq_delay") takeDelays(node, logged, slowest, paths);
      else takePauses(node, logged, slowest, paths);
      if (++batches === EXEMPLAR_BATCHES_MAX) break;
    }
  }
  return slowest.result(max);
}

function takeDelays(node: string, { item, content }: LoggedBatch, slowest: Slowest, paths: CgroupPaths): void {
  const { batch, record } = item;
  const { runq } = content;
  const dateOf = datesOf(batch, record.appendedAtMs);
  for (let index = 0; index < runq.length; index++) {
    const atMs = dateOf(runq.tick[index]!);
    const valueUs = runq.delayNs[index]! / NS_PER_US;
    if (!slowest.wants(atMs, valueUs)) continue;
    const cgroup = runq.cgroup[index]!;
    const who = { pid: runq.pid[index]!, cgroup, cgroupPath: paths.of(cgroup), command: null, traceId: null };
    const where = { cpu: runq.cpu[index]!, previousPid: runq.previousPid[index]! };
    slowest.take({ node, atMs, valueUs, ...who, ...where, position: record.position });
  }
}

function takePauses(node: string, { item }: LoggedBatch, slowest: Slowest, paths: CgroupPaths): void {
  const { batch, record } = item;
  const dateOf = datesOf(batch, record.appendedAtMs);
  const baseTick = Number(batch.clock?.baseTick ?? 0n);
  for (const { endTickOffset, durationNs, pid, cgroup, command } of batch.gcPauses) {
    const atMs = dateOf(baseTick + Number(endTickOffset));
    const valueUs = Number(durationNs) / NS_PER_US;
    if (!slowest.wants(atMs, valueUs)) continue;
    const who = { pid, cgroup, cgroupPath: paths.of(cgroup), command: command || null, traceId: null };
    slowest.take({ node, atMs, valueUs, ...who, cpu: null, previousPid: null, position: record.position });
  }
}
