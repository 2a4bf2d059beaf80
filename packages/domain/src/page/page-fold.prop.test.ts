import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type Observation, ObservationSchema } from "@farmscope/proto";
import fc from "fast-check";
import { Random } from "../random.ts";
import { StateReader } from "../state/state-reader.ts";
import { StateWriter } from "../state/state-writer.ts";
import { encodeObservationRuns } from "../wire/observation-runs.ts";
import { pageMapRuns } from "../wire/page-map-runs.ts";
import { PageColumns } from "./columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { ModelKernel } from "./fixtures/model-kernel.ts";
import { PageFold } from "./page-fold.ts";
import { PageState } from "./page-state.ts";

const FRAMES = 8192;

/** A model kernel, an emitter that polls late and loses events, and the fold that it feeds. */
class Host {
  readonly random: Random;
  readonly kernel: ModelKernel;
  fold: PageFold;
  readonly #columns = new PageColumns();
  #lossOneIn = 0;
  #reloads: Random | null = null;
  #observations = 0;

  constructor(seed: number, journalEventsMax?: number) {
    this.random = new Random(seed);
    this.kernel = new ModelKernel(this.random.fork("kernel"), FRAMES);
    this.fold = new PageFold(journalEventsMax === undefined ? {} : { journalEventsMax });
    this.fold.setFacts(factsOf(["DMA", 0, 1024], ["Normal", 1024, FRAMES - 1024]));
  }

  /** Lets time pass, and some of what happened reach the fold. */
  run(bursts: number): void {
    for (let burst = 0; burst < bursts; burst++) {
      this.kernel.step();
      if (this.random.nextInt(3) === 0) this.poll(this.random.nextInt(200));
    }
  }

  poll(events: number): void {
    let left = Math.min(events, this.kernel.pending);
    while (left > 0) {
      this.kernel.take(this.#columns, left);
      left -= this.#columns.length;
      this.#lose();
      this.#reload();
      this.fold.applyEvents(this.#columns);
    }
  }

  drain(): void {
    this.poll(this.kernel.pending);
  }

  loseOneIn(events: number): void {
    this.#lossOneIn = events;
  }

  /** From now on the fold is replaced by one that was read back from its state, at random moments. */
  reloadAtRandom(seed: number): void {
    this.#reloads = new Random(seed);
  }

  /** A whole observation in chunks, each read in two halves with the kernel at work in between. */
  observe(): { frames: number; wrong: number; ambiguous: number } {
    const id = ++this.#observations;
    const part = (fields: object): Observation => create(ObservationSchema, { id, ...fields });
    this.fold.applyObservation(part({ begin: true }));
    for (let first = 0; first < FRAMES; first += 2048) {
      const tick = BigInt(this.kernel.tick);
      const classes = new Uint8Array(2048);
      classes.set(this.kernel.observe(first, 1024));
      this.run(2);
      classes.set(this.kernel.observe(first + 1024, 1024), 1024);
      const endTick = BigInt(this.kernel.tick);
      this.run(2);
      const runs = encodeObservationRuns(classes);
      const chunks = [{ firstPfn: first, count: 2048, tick, endTick, runs }];
      assert.equal(this.fold.applyObservation(part({ chunks })), null);
      this.run(2);
    }
    this.drain();
    const agreement = this.fold.applyObservation(part({ end: true }));
    assert.ok(agreement !== null);
    const { frames, wrong, ambiguous } = agreement;
    return { frames: Number(frames), wrong: Number(wrong), ambiguous: Number(ambiguous) };
  }

  /** Frames whose free bit is not the kernel's. */
  wrongFrames(): number {
    let wrong = 0;
    for (const { first, count, state } of pageMapRuns(this.fold.encodeRuns(), FRAMES)) {
      for (let pfn = first; pfn < first + count; pfn++) {
        if ((state === PageState.Free) !== (this.kernel.states[pfn] === PageState.Free)) wrong++;
      }
    }
    return wrong;
  }

  #reload(): void {
    if (this.#reloads?.nextInt(4) !== 0) return;
    const fold = new PageFold();
    fold.decode(new StateReader(stateOf(this.fold)));
    this.fold = fold;
  }

  #lose(): void {
    if (this.#lossOneIn === 0) return;
    const { tick, pfn, pid, cgroup, kind, order, migrateType } = this.#columns;
    let kept = 0;
    for (let index = 0; index < this.#columns.length; index++) {
      if (this.random.nextInt(this.#lossOneIn) === 0) continue;
      for (const column of [tick, pfn, pid, cgroup, kind, order, migrateType]) column[kept] = column[index];
      kept++;
    }
    this.#columns.length = kept;
  }
}

function stateOf(fold: PageFold): Uint8Array {
  const writer = new StateWriter();
  fold.encode(writer);
  return writer.finish();
}

test("a fold that is read back from its state at any moment, within observations too, ends as one that never was", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [plain, reloaded] = [new Host(seed), new Host(seed)];
      reloaded.reloadAtRandom(seed);
      const outcomes = [plain, reloaded].map((host) => {
        host.run(50);
        host.loseOneIn(20);
        const first = host.observe();
        host.loseOneIn(0);
        host.run(20);
        return { first, second: host.observe(), counters: host.fold.counters, zones: host.fold.zones() };
      });
      assert.deepEqual(outcomes[1], outcomes[0]);
      assert.deepEqual(stateOf(reloaded.fold), stateOf(plain.fold));
    }),
    { numRuns: 20 },
  );
});

test("an observation taken while the kernel works, and events that arrive late, give the kernel's own free frames", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const host = new Host(seed);
      host.run(200);
      const first = host.observe();
      assert.equal(host.wrongFrames(), 0);
      assert.equal(host.fold.observed, true);
      assert.ok(first.frames < FRAMES);
      host.run(200);
      const second = host.observe();
      assert.equal(second.wrong, 0);
      assert.equal(second.frames + second.ambiguous, FRAMES);
      assert.equal(host.wrongFrames(), 0);
      const { anomalies } = host.fold.counters;
      assert.equal(anomalies?.outOfRange, 0n);
      assert.equal(anomalies?.allocOfFreeBuddy, 0n);
    }),
    { numRuns: 40 },
  );
});

test("after lost events the next observation finds what is wrong and puts it right", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const host = new Host(seed);
      host.observe();
      host.loseOneIn(20);
      host.run(300);
      host.drain();
      host.loseOneIn(0);
      const wrong = host.wrongFrames();
      const agreement = host.observe();
      assert.ok(wrong > 0);
      assert.ok(agreement.wrong > 0 && agreement.wrong <= FRAMES);
      assert.equal(host.wrongFrames(), 0);
      assert.equal(host.observe().wrong, 0);
    }),
    { numRuns: 25 },
  );
});

test("an observation whose journal overflows completes, and calls what it could not judge ambiguous", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const host = new Host(seed, 100);
      host.run(300);
      host.drain();
      host.observe();
      host.drain();
      const agreement = host.observe();
      assert.ok(agreement.ambiguous > 0);
      assert.ok(agreement.frames + agreement.ambiguous <= FRAMES);
    }),
    { numRuns: 10 },
  );
});
