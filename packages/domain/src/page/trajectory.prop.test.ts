import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../random.ts";
import { PageColumns, PageEventKind } from "./columns.ts";
import { columnsOf } from "./fixtures/columns.ts";
import { ModelKernel } from "./fixtures/model-kernel.ts";
import { PageState } from "./page-state.ts";
import { ReferencePageMap } from "./reference-page-map.ts";
import { Trajectory, type TrajectoryStep, TrajectoryStepKind, trajectoryOf } from "./trajectory.ts";

const FRAMES = 4096;

function recordOf(seed: number, batches: number): PageColumns[] {
  const kernel = new ModelKernel(new Random(seed), FRAMES, 2, 12);
  return Array.from({ length: batches }, () => {
    const columns = new PageColumns(512);
    while (kernel.pending < columns.capacity) kernel.step();
    kernel.take(columns, columns.capacity);
    return columns;
  });
}

/** Every change between allocated and not allocated of a frame, as the reference sees it: its tick, and the new side. */
function changesOf(batches: readonly PageColumns[], pfn: number): { tick: number; held: boolean }[] {
  const reference = new ReferencePageMap(0, FRAMES, 10);
  const changes: { tick: number; held: boolean }[] = [];
  let held: boolean | null = null;
  for (const { kind, pfn: pfns, order, tick, length } of batches) {
    for (let index = 0; index < length; index++) {
      const state = kind[index] === PageEventKind.Alloc ? PageState.Allocated : PageState.Free;
      reference.set(pfns[index], order[index], state);
      const block = reference.blocks().find(({ first, order: size }) => pfn >= first && pfn < first + 2 ** size);
      const now = block === undefined ? null : block.state === PageState.Allocated;
      if (now !== held && now !== null && !(held === null && !now)) changes.push({ tick: tick[index], held: now });
      held = now;
    }
  }
  return changes;
}

test("a trajectory has exactly the changes that a map of all frames sees in its frame", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 199 }), (seed, pfn) => {
      const batches = recordOf(seed, 3);
      const steps = trajectoryOf(batches, pfn).filter(({ isBroken }) => !isBroken);
      const seen = steps.map(({ tick, kind }) => ({ tick, held: kind !== TrajectoryStepKind.Free }));
      const changes = changesOf(batches, pfn);
      assert.deepEqual(seen, changes);
    }),
    { numRuns: 6 },
  );
});

test("owners, orders and times are those of the events, and ages those between them", () => {
  const events = columnsOf(
    { kind: "Alloc", pfn: 8, order: 3, tick: 100 },
    { kind: "Alloc", pfn: 16, order: 0, tick: 110 },
    { kind: "Free", pfn: 8, order: 3, tick: 250 },
    { kind: "Drain", pfn: 8, order: 3, tick: 260 },
    { kind: "Refill", pfn: 10, order: 0, tick: 270 },
    { kind: "Alloc", pfn: 10, order: 0, tick: 300 },
  );
  events.pid.set([7, 8, 9, 0, 0, 11]);
  events.cgroup.set([70, 80, 90, 0, 0, 110]);
  events.migrateType.set([1, 0, 0, 0, 0, 2]);
  const of = (step: TrajectoryStep) => [step.kind, step.tick, step.first, step.order, step.pid, step.sinceTicks];
  assert.deepEqual(trajectoryOf([events], 10).map(of), [
    ["alloc", 100, 8, 3, 7, null],
    ["free", 250, 8, 3, 9, 150],
    ["reuse", 300, 10, 0, 11, 50],
  ]);
  const withLists = trajectoryOf([events], 10, { withLists: true });
  assert.deepEqual(
    withLists.map(({ kind }) => kind),
    ["alloc", "free", "drain", "refill", "reuse"],
  );
  assert.deepEqual([withLists[0].cgroup, withLists[4].cgroup, withLists[4].migrateType], [70, 110, 2]);
  assert.deepEqual(trajectoryOf([events], 16).map(of), [["alloc", 110, 16, 0, 8, null]]);
});

test("a step that cannot follow the one before is marked, and has no age", () => {
  const events = columnsOf(
    { kind: "Alloc", pfn: 3, tick: 1 },
    { kind: "Alloc", pfn: 3, tick: 5 },
    { kind: "Free", pfn: 3, tick: 9 },
    { kind: "Free", pfn: 3, tick: 12 },
    { kind: "Alloc", pfn: 3, tick: 20 },
    { kind: "Drain", pfn: 3, tick: 30 },
    { kind: "Alloc", pfn: 3, tick: 40 },
  );
  const steps = trajectoryOf([events], 3);
  assert.deepEqual(
    steps.map(({ kind, isBroken, sinceTicks }) => [kind, isBroken, sinceTicks]),
    [
      ["alloc", false, null],
      ["alloc", true, null],
      ["free", false, 4],
      ["free", true, null],
      ["reuse", false, 8],
      ["alloc", false, null],
    ],
  );
});

test("after a loss nothing is taken to be known, and the next step says so", () => {
  const trajectory = new Trajectory(3);
  trajectory.apply(columnsOf({ kind: "Alloc", pfn: 3, tick: 1 }));
  trajectory.lose();
  assert.equal(trajectory.isHeld, null);
  trajectory.apply(columnsOf({ kind: "Free", pfn: 3, tick: 9 }, { kind: "Alloc", pfn: 3, tick: 10 }));
  assert.deepEqual(
    trajectory.steps.map(({ kind, sinceTicks, afterLoss, isBroken }) => [kind, sinceTicks, afterLoss, isBroken]),
    [
      ["alloc", null, false, false],
      ["free", null, true, false],
      ["reuse", 1, false, false],
    ],
  );
});

test("of too many steps the newest are kept, and the others counted", () => {
  for (const [steps, omitted] of [
    [10, 0],
    [11, 1],
    [57, 47],
  ] as const) {
    const events = Array.from({ length: steps }, (_, tick) => ({
      kind: tick % 2 === 0 ? ("Alloc" as const) : ("Free" as const),
      pfn: 5,
      tick,
    }));
    const trajectory = new Trajectory(5, { stepsMax: 10 });
    trajectory.apply(columnsOf(...events));
    assert.equal(trajectory.omitted, omitted);
    assert.deepEqual(
      trajectory.steps.map(({ tick }) => tick),
      events.slice(-10).map(({ tick }) => tick),
    );
  }
});
