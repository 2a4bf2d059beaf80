import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchContent, type PageColumns, trajectoryOf } from "@farmscope/domain";
import { EventRecordSchema, fromBinary } from "@farmscope/proto";
import { START_MS } from "../fixtures.ts";
import { EventsAnswer, HeatmapAnswer, type RawEvent, TrajectoryAnswer } from "../schemas/index.ts";
import { ask } from "./ask-fixture.ts";
import { PARTITION, withPast } from "./past-fixture.ts";

type Past = Awaited<ReturnType<typeof withPast>>;

/** The page events of every batch in the log, unpacked by hand. */
async function columnsOf({ log }: Past): Promise<PageColumns[]> {
  const reader = await log.read({ kind: "event", partition: PARTITION }, { from: 1 });
  const records = await reader.next(1_000, 0);
  await reader.close();
  return records.flatMap(({ payload }) => {
    const { body } = fromBinary(EventRecordSchema, payload);
    if (body.case !== "batch") return [];
    const content = new BatchContent();
    content.decode(body.value);
    return [content.pages];
  });
}

describe("the trajectory of a page", () => {
  it("is every step that the raw events tell of it, with time and cgroup", async () => {
    const there = await withPast();
    const columns = await columnsOf(there);
    const pfn = columns.find(({ length }) => length > 0)!.pfn[0]!;
    const expected = trajectoryOf(columns, pfn, { withLists: true });
    assert.ok(expected.length > 0);
    const url = `/api/v1/nodes/a/pages/${pfn}?lists=true`;
    const answer = await ask<TrajectoryAnswer>(there, url, TrajectoryAnswer);
    const seen = (steps: readonly { kind: string; order: number; pid: number; cgroup: number }[]) =>
      steps.map(({ kind, order, pid, cgroup }) => [kind, order, pid, cgroup]);
    assert.deepEqual(seen(answer.steps), seen(expected));
    assert.equal(
      answer.eventsRead,
      columns.reduce((sum, { length }) => sum + length, 0),
    );
    assert.ok(answer.steps.every(({ atMs }) => atMs >= there.fromMs && atMs < there.clock.nowMs()));
  });

  it("keeps to the period and to the limit", async () => {
    const there = await withPast();
    const columns = await columnsOf(there);
    const pfn = columns.find(({ length }) => length > 0)!.pfn[0]!;
    const before = `/api/v1/nodes/a/pages/${pfn}?to=${there.fromMs}`;
    assert.deepEqual((await ask<TrajectoryAnswer>(there, before, TrajectoryAnswer)).steps, []);
    const one = await ask<TrajectoryAnswer>(there, `/api/v1/nodes/a/pages/${pfn}?lists=true&limit=1`, TrajectoryAnswer);
    const all = trajectoryOf(columns, pfn, { withLists: true });
    assert.deepEqual([one.steps.length, one.omitted], [1, all.length - 1]);
    const app = await there.api.app();
    for (const query of ["?from=5&to=5", "?from=x", "?limit=10001"]) {
      assert.equal((await app.inject(`/api/v1/nodes/a/pages/1${query}`)).statusCode, 400, query);
    }
  });
});

describe("the raw events of a node", () => {
  it("come in pages that together are everything, in the order of the log", async () => {
    const there = await withPast();
    const all = await ask<EventsAnswer>(there, "/api/v1/nodes/a/events?limit=10000", EventsAnswer);
    const paged: RawEvent[] = [];
    for (let after = ""; ; ) {
      const url = `/api/v1/nodes/a/events?limit=37${after}`;
      const { events, next } = await ask<EventsAnswer>(there, url, EventsAnswer);
      assert.ok(events.length <= 37);
      paged.push(...events);
      if (next === null) break;
      after = `&after=${next}`;
    }
    assert.deepEqual(paged, all.events);
    const columns = await columnsOf(there);
    const pages = all.events.filter(({ kind }) => kind === "pages");
    assert.equal(
      pages.length,
      columns.reduce((sum, { length }) => sum + length, 0),
    );
    assert.deepEqual(
      pages.slice(0, 5).map(({ pfn }) => pfn),
      [...columns[0]!.pfn.subarray(0, 5)],
    );
  });

  it("are of one kind when one is asked for", async () => {
    const there = await withPast();
    const of = async (kind: string) =>
      (await ask<EventsAnswer>(there, `/api/v1/nodes/a/events?kind=${kind}`, EventsAnswer)).events;
    const [gc, observations, starts, losses] = [
      await of("gc"),
      await of("observation"),
      await of("start"),
      await of("loss"),
    ];
    assert.deepEqual([gc.length, observations.length, starts.length, losses.length], [19, 1, 1, 0]);
    assert.ok(gc.every(({ durationUs }) => durationUs! >= 100));
  });
});

describe("the latency heatmap", () => {
  it("counts everything in buckets that are the same in every column, with lines and exemplars", async () => {
    const there = await withPast();
    const url = `/api/v1/farms/default/latency/heatmap?from=${START_MS}&to=${START_MS + 100_000}&step=10s`;
    const runq = await ask<HeatmapAnswer>(there, url, HeatmapAnswer);
    assert.deepEqual(
      runq.columns.map(({ count, counts }) => [count, counts]),
      [0, 1, 2].map(() => [100, [90, 10]]),
    );
    assert.deepEqual(
      runq.bucketsUs.map(({ fromUs }) => fromUs),
      [5, 96],
    );
    assert.deepEqual(
      runq.columns[0]!.quantiles.map(({ quantile }) => quantile),
      [0.5, 0.95, 0.99],
    );
    assert.deepEqual([runq.exemplars, runq.exemplarsFrom], [[], "none"]);
    const gc = await ask<HeatmapAnswer>(there, `${url}&signal=gc_pause&exemplars=20`, HeatmapAnswer);
    assert.deepEqual([gc.exemplarsFrom, gc.columns.map(({ count }) => count)], ["log", [0, 0, 0]]);
    const pauses = (await ask<EventsAnswer>(there, "/api/v1/nodes/a/events?kind=gc", EventsAnswer)).events;
    const slowest = Math.max(...pauses.map(({ durationUs }) => durationUs!));
    assert.equal(Math.max(...gc.exemplars.map(({ valueUs }) => valueUs)), slowest);
    const none = await ask<HeatmapAnswer>(there, `${url}&signal=gc_pause&exemplars=0`, HeatmapAnswer);
    assert.deepEqual(none.exemplars, []);
  });
});
