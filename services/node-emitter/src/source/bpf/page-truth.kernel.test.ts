import assert from "node:assert/strict";
import { test } from "node:test";
import { type PageColumns, PageFold } from "@farmscope/domain";
import { type NodeFacts, type Observation, ObservationReason } from "@farmscope/proto";
import { BpfSource } from "./bpf-source.ts";
import { clock, RecordingSink, skip, storm } from "./fixtures/kernel.ts";

/** Folds as it comes; remembers how each observation agreed with the map that stood before it. */
class FoldingSink extends RecordingSink {
  readonly fold = new PageFold();
  readonly agreements: NonNullable<ReturnType<PageFold["applyObservation"]>>[] = [];

  override facts(facts: NodeFacts): void {
    super.facts(facts);
    this.fold.setFacts(facts);
  }
  override pages(columns: PageColumns): void {
    super.pages(columns);
    this.fold.applyEvents(columns);
  }
  override observation(part: Observation): void {
    super.observation(part);
    const agreement = this.fold.applyObservation(part);
    if (agreement !== null) this.agreements.push(agreement);
  }
}

test("after a storm, the map that the events rebuilt is what the kernel says of its frames, to 99.9 %", {
  skip,
}, async (t) => {
  const sink = new FoldingSink();
  const source = new BpfSource({ nodeId: "", pageRingBytes: 16 * 2 ** 20, pageKeepOneIn: 1, runqKeepOneIn: 16, clock });
  t.after(() => source.close());
  const [node] = await source.open();
  await source.start(new Map([[node.id, sink]]));
  const pollUntil = async (done: () => boolean): Promise<void> => {
    const endMs = clock.monotonicMs() + 60_000;
    while (!done() && clock.monotonicMs() < endMs) {
      source.poll(clock.monotonicMs());
      await clock.sleep(source.pollIntervalMs);
    }
    assert.ok(done());
  };
  await pollUntil(() => sink.agreements.length === 1);
  let storms = true;
  void storm(5).finally(() => {
    storms = false;
  });
  await pollUntil(() => !storms);
  source.observe(node.id, ObservationReason.REQUESTED);
  const known = sink.agreements.length;
  await pollUntil(
    () => sink.agreements.length > known && sink.observations.at(-1)?.reason === ObservationReason.REQUESTED,
  );
  const last = sink.agreements.at(-1)!;
  t.diagnostic(
    `${sink.pageEvents} events; ${JSON.stringify(last, (_, value) => (typeof value === "bigint" ? Number(value) : value))}`,
  );
  const { frames, wrong } = last;
  assert.ok(Number(wrong) <= Number(frames) * 0.001, `${wrong} of ${frames} frames are wrong`);
});
