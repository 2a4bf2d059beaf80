import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BatchContent,
  BatchOrder,
  NodeFold,
  nodeView,
  type OrderStep,
  PageFold,
  Random,
  TICK_KEY,
  tickToUnixMs,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { NodeViewSchema, toBinary } from "@farmscope/proto";
import fc from "fast-check";
import type { LogWorld } from "../fixtures/log-world.ts";
import { PartitionRun } from "../fixtures/partition-run.ts";
import { randomWorld } from "../fixtures/random-world.ts";
import type { OrderedBatch } from "../partition-state.ts";
import { orderedBatchOf } from "../stages/decode.ts";
import { placeOf } from "../stages/dedupe.ts";
import type { Moment } from "./moment.ts";
import { PastNodes } from "./past-nodes.ts";

const EVENTS = { kind: "event", partition: 0 } as const;
/** Sets span many records, and follow one another closely. */
const EAGER = { checkpointIntervalMs: 0, checkpointIntervalMsMin: 0, checkpointIntervalMsMax: 0, checkpointSliceMs: 0 };

/** What is compared: everything that an answer may show. */
function shown(fold: NodeFold, heldBatches: number): object {
  const view = nodeView(fold, { partition: 0, online: true, heldBatches });
  return {
    view: Buffer.from(toBinary(NodeViewSchema, view)).toString("hex"),
    runs: Buffer.from(fold.pages.encodeRuns()).toString("hex"),
  };
}

/**
 * The slow way to a moment: every record of the log, from its beginning, by nothing but the node's order and fold.
 * Windows are left out of it: they change nothing of what is shown but latencies that came too late for any.
 */
class SlowPast {
  readonly fold: NodeFold;
  readonly order = new BatchOrder<OrderedBatch>();
  readonly #content = new BatchContent();
  readonly #node: string;
  #watermarkMs = 0;
  #starting: OrderStep<OrderedBatch> | null = null;

  constructor(node: string) {
    this.#node = node;
    this.fold = new NodeFold(node);
  }

  /** Stops at the first batch that has anything stamped later, with its page events before that. */
  run(records: readonly LogRecord[], moment: Moment): void {
    const timeMs = moment.kind === "time" ? moment.ms : Number.POSITIVE_INFINITY;
    for (const record of records) {
      if (moment.kind === "position" && record.position > moment.position) return;
      this.#watermarkMs = Math.max(this.#watermarkMs, record.appendedAtMs);
      const isOurs = record.key === this.#node;
      if (!isOurs && record.key !== TICK_KEY) continue;
      const item = isOurs ? orderedBatchOf(record) : null;
      const steps = item === null ? this.order.pass(this.#watermarkMs) : this.order.offer(placeOf(item), item);
      for (const step of steps) {
        if (step.kind === "start") {
          this.#begin();
          this.#starting = step;
          continue;
        }
        if (step.kind === "turn" && this.#cuts(step.item, timeMs)) return;
        this.#begin();
        if (step.kind === "gap") this.fold.batches.gaps += step.count;
        if (step.kind === "duplicate") this.fold.batches.duplicates++;
        if (step.kind === "turn") this.#turn(step.item);
      }
      this.#begin();
      if (item !== null) this.fold.read(item.batch, record.appendedAtMs);
    }
  }

  /** A life whose first batch is cut has not begun. */
  #begin(): void {
    if (this.#starting?.kind === "start") {
      this.fold.begin(this.#starting.boot, this.#starting.start, this.#starting.firstSeq);
    }
    this.#starting = null;
  }

  #cuts({ batch, record }: OrderedBatch, timeMs: number): boolean {
    this.#content.decode(batch);
    const clock = { realtimeOffsetUs: Number(batch.clock!.realtimeOffsetUs) };
    const isLater = (tick: number): boolean => Math.min(record.appendedAtMs, tickToUnixMs(tick, clock)) > timeMs;
    const { pages } = this.#content;
    const first = pages.tick.subarray(0, pages.length).findIndex(isLater);
    if (first < 0 && !isLater(this.#content.newestTick(batch))) return false;
    if (first >= 0) pages.length = first;
    if (pages.length === 0) return true;
    if (batch.identity!.boot !== this.fold.boot) this.fold.pages = new PageFold();
    if (batch.facts !== undefined) this.fold.pages.setFacts(batch.facts);
    this.fold.pages.applyEvents(pages);
    return true;
  }

  #turn({ batch, record }: OrderedBatch): void {
    this.#content.decode(batch);
    const { position, appendedAtMs } = record;
    this.fold.fold(batch, this.#content, { position, appendedAtMs, openFromMs: Number.NEGATIVE_INFINITY });
  }
}

async function writeCheckpoints(world: LogWorld, random: Random, last: number): Promise<void> {
  const run = await PartitionRun.begin(world, 0, EAGER);
  await run.foldThrough(last, () => 1 + random.nextInt(20), true);
}

test("a node at any moment is what a fold from the beginning makes of it, whatever was asked before", async () => {
  const met = { cuts: 0, positions: 0, unknown: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = new Random(seed);
      const world = await randomWorld(random);
      const records = await world.records(EVENTS);
      const last = records.at(-1)!.position;
      if (random.nextInt(4) > 0) await writeCheckpoints(world, random, last);
      const past = new PastNodes({ ...world, namespace: "fs" });
      const { signal } = new AbortController();
      for (let asked = 0; asked < 12; asked++) {
        const node = `n${random.nextInt(3)}`;
        const moment = momentIn(records, random);
        const slow = new SlowPast(node);
        slow.run(records, moment);
        const isKnown = slow.fold.batches.folded + slow.fold.batches.dead > 0;
        const answer = past.at(node, moment, signal, ({ fold, view }) => shown(fold, Number(view.batches!.held)));
        if (!isKnown) {
          await assert.rejects(answer, { code: "NOT_RETAINED" });
          met.unknown++;
          continue;
        }
        const found = await answer;
        assert.deepEqual(found, shown(slow.fold, slow.order.held), `seed ${seed}, ${JSON.stringify(moment)}, ${node}`);
        if (moment.kind === "position") met.positions++;
        else met.cuts++;
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(met.cuts > 100 && met.positions > 100 && met.unknown > 0, JSON.stringify(met));
});

/** A position, or a time that lies anywhere, also between events of one batch, and a little outside of everything. */
function momentIn(records: readonly LogRecord[], random: Random): Moment {
  const position = 1 + random.nextInt(records.length);
  if (random.nextInt(2) === 0) return { kind: "position", position };
  const { appendedAtMs } = records[position - 1]!;
  return { kind: "time", ms: appendedAtMs - 1_000 + random.nextInt(2_000_000) / 1_000 };
}
