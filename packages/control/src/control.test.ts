import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryLog } from "@farmscope/log";
import { ControlRecordSchema, toBinary } from "@farmscope/proto";
import { createLogger, ManualClock, OperatingError } from "@farmscope/runtime";
import { ControlAppender } from "./control-appender.ts";
import { LiveControl } from "./live-control.ts";
import { isSameRuleSet, ruleSetOf } from "./rule-set.ts";

const CONTROL = { kind: "control" } as const;

function stage(messageBytesMax?: number) {
  const clock = new ManualClock(1_700_000_000_000);
  const log = new MemoryLog({ clock, ...(messageBytesMax === undefined ? {} : { messageBytesMax }) });
  const logger = createLogger("test", "silent");
  const appender = new ControlAppender({ log, clock, by: "tester" });
  const live = new LiveControl({ log, clock, logger });
  return { clock, log, appender, live };
}

const membership = (node: string, farm: string, version: number) =>
  ({ case: "membership", value: { node, farm, version } }) as const;

describe("the appender", () => {
  it("dates a record, says who asked, and keys it by what it is about", async () => {
    const { log, appender, live, clock } = stage();
    const appended = await appender.append(membership("n", "f", 1), { by: "ann" });
    assert.ok(appended.kind === "appended");
    assert.equal(Number(appended.record.atMs), clock.nowMs());
    assert.equal((await log.lastOf(CONTROL, "membership/n"))?.position, appended.position);
    await live.refresh();
    assert.equal(live.book.memberships.of("n")?.place.by, "ann");
  });

  it("appends nothing that breaks a limit, and names every fault", async () => {
    const { log, appender } = stage();
    const refused = await appender.append(membership("", "", 0));
    assert.ok(refused.kind === "invalid");
    assert.deepEqual(
      refused.faults.map(({ field }) => field),
      ["node", "farm", "version"],
    );
    assert.equal((await log.positions(CONTROL)).last, 0);
  });

  it("takes what fits into a message of the log, and refuses one byte more", async () => {
    const body = (length: number) => ({ case: "annotation", value: { id: "a", text: "x".repeat(length) } }) as const;
    const { appender: any } = stage();
    const whole = await any.append(body(1_000));
    assert.ok(whole.kind === "appended");
    const bytes = toBinary(ControlRecordSchema, whole.record).length;
    assert.equal((await stage(bytes).appender.append(body(1_000))).kind, "appended");
    assert.equal((await stage(bytes - 1).appender.append(body(1_000))).kind, "invalid");
  });

  it("gives two changes of one thing in the same millisecond ids of their own", async () => {
    const { appender, log } = stage();
    const ids = new Set<string>();
    for (const farm of ["a", "b"]) {
      const appended = await appender.append(membership("n", farm, 1));
      if (appended.kind === "appended") ids.add(appended.record.id);
    }
    assert.equal(ids.size, 2);
    assert.equal((await log.positions(CONTROL)).messages, 2);
  });
});

describe("what holds by fs.control", () => {
  it("is read anew whenever somebody asks, and shared by those who ask at once", async () => {
    const { appender, live } = stage();
    await live.refresh();
    await appender.append(membership("n", "a", 1));
    const first = live.refresh();
    await appender.append(membership("n", "b", 2));
    await Promise.all([first, live.refresh(), live.refresh()]);
    assert.equal(live.book.memberships.of("n")?.farm, "b");
    await live.close();
  });

  it("is passed over what is no control record, and still reaches the end", async () => {
    const { appender, live, log } = stage();
    await log.append(CONTROL, "junk", Uint8Array.of(255, 255));
    await appender.append(membership("n", "a", 1));
    await log.append(CONTROL, "junk", Uint8Array.of(255, 255));
    await live.refresh();
    assert.deepEqual([live.position, live.book.memberships.of("n")?.farm], [3, "a"]);
    await live.close();
  });

  it("is followed, and known to whoever waits for a position", async () => {
    const { appender, live } = stage();
    const stop = new AbortController();
    const running = live.run(stop.signal);
    const appended = await appender.append(membership("n", "a", 1));
    assert.ok(appended.kind === "appended");
    await live.through(appended.position, 1_000, stop.signal);
    assert.equal(live.book.memberships.of("n")?.farm, "a");
    await live.refresh();
    stop.abort();
    await running;
  });

  it("does not wait for ever for a position that does not come", async () => {
    const { live, clock } = stage();
    const stop = new AbortController();
    const running = live.run(stop.signal);
    const waiting = assert.rejects(
      live.through(9, 1_000, stop.signal),
      (error) => error instanceof OperatingError && error.code === "TIMEOUT" && error.retriable,
    );
    await clock.advance(1_000);
    await waiting;
    stop.abort();
    await running;
  });

  it("fails while the log is away, and goes on when it is back", async () => {
    const { appender, live, log } = stage();
    await appender.append(membership("n", "a", 1));
    const positions = log.positions.bind(log);
    log.positions = async () => {
      throw new OperatingError("LOG_UNAVAILABLE", "away", { retriable: true });
    };
    await assert.rejects(
      live.refresh(),
      (error) => error instanceof OperatingError && error.code === "LOG_UNAVAILABLE",
    );
    log.positions = positions;
    await live.refresh();
    assert.equal(live.book.memberships.of("n")?.farm, "a");
    await live.close();
  });
});

describe("a set of rule files", () => {
  it("is the same whatever the order of its files, and another when a text or a name changes", () => {
    const files = [
      { name: "b", text: "2" },
      { name: "a", text: "1" },
    ];
    const set = ruleSetOf(files);
    assert.deepEqual(
      set.files.map(({ name }) => name),
      ["a", "b"],
    );
    assert.ok(isSameRuleSet(set, ruleSetOf(files.toReversed())));
    assert.ok(!isSameRuleSet(set, ruleSetOf([{ name: "a", text: "1" }])));
    assert.ok(!isSameRuleSet(ruleSetOf([{ name: "a", text: "bc" }]), ruleSetOf([{ name: "ab", text: "c" }])));
  });
});
