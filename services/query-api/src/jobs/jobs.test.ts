import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLogger, ManualClock, OperatingError } from "@farmscope/runtime";
import { Jobs } from "./jobs.ts";

/** Jobs that end when they are told to; one runs at a time, three may be open, four are kept for a minute. */
function jobs() {
  const clock = new ManualClock(1_000_000);
  const ends = new Map<string, PromiseWithResolvers<void>>();
  let ids = 0;
  const all = new Jobs<string, number>({
    clock,
    logger: createLogger("test", "silent"),
    newId: () => `job${++ids}`,
    run: async (subject, onProgress, signal) => {
      const end = Promise.withResolvers<void>();
      ends.set(subject, end);
      signal.addEventListener("abort", () => end.resolve());
      onProgress(0.5);
      await end.promise;
    },
    runningMax: 1,
    openMax: 3,
    keptMax: 4,
    keepMs: 60_000,
  });
  const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { all, clock, ends, settle };
}

describe("jobs", () => {
  it("run one after the other, and more than may be open are refused", async () => {
    const { all, ends, settle } = jobs();
    const started = ["a", "b", "c"].map((subject) => all.start(subject));
    assert.deepEqual(
      started.map(({ state }) => state),
      ["running", "queued", "queued"],
    );
    assert.throws(() => all.start("d"), { code: "OVERLOADED" });
    ends.get("a")!.resolve();
    await settle();
    assert.deepEqual(
      started.map(({ state }) => state),
      ["complete", "running", "queued"],
    );
    assert.equal(all.start("d").state, "queued");
    await all.close();
    assert.deepEqual(
      started.map(({ state }) => state),
      ["complete", "cancelled", "cancelled"],
    );
  });

  it("are cancelled while they wait and while they run, and removed when they have ended", async () => {
    const { all, settle } = jobs();
    const [a, b] = [all.start("a"), all.start("b")];
    assert.equal(all.cancel(b.id)!.state, "cancelled");
    all.cancel(a.id);
    await settle();
    assert.deepEqual([a.state, a.progress], ["cancelled", 0.5]);
    all.cancel(a.id);
    assert.deepEqual([all.get(a.id), all.cancel("none")], [null, null]);
  });

  it("say why they failed, when that is known, and the next one runs", async () => {
    const { all, ends, settle } = jobs();
    const [a, b, c] = ["a", "b", "c"].map((subject) => all.start(subject));
    ends.get("a")!.reject(new OperatingError("LOG_UNAVAILABLE", "gone"));
    await settle();
    ends.get("b")!.reject(new Error("secret"));
    await settle();
    assert.deepEqual([a!.state, a!.error], ["failed", "LOG_UNAVAILABLE: gone"]);
    assert.deepEqual([b!.error, c!.state], ["see the log of the query API", "running"]);
    await all.close();
  });

  it("are forgotten after their time, and when there are too many, those first that ended first", async () => {
    const { all, clock, ends, settle } = jobs();
    for (const subject of ["a", "b", "c", "d", "e"]) {
      all.start(subject);
      ends.get(subject)!.resolve();
      await settle();
      await clock.advance(1_000);
    }
    assert.deepEqual(
      all.list().map(({ subject }) => subject),
      ["e", "d", "c", "b"],
    );
    await clock.advance(56_000);
    assert.deepEqual(
      all.list().map(({ subject }) => subject),
      ["e", "d", "c"],
    );
    assert.equal(all.expiresMs(all.list()[0]!), all.list()[0]!.finishedMs! + 60_000);
  });
});
