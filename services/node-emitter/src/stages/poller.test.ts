import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@farmscope/runtime";
import { SILENT, settle, UnreliableLog } from "../fixtures.ts";
import { ObservationRequests } from "../observation-requests.ts";
import type { EventSource } from "../source/port.ts";
import { Poller } from "./poller.ts";
import { Publisher } from "./publisher.ts";
import { MemorySpool } from "./spool.ts";

function setUp(kind: EventSource["kind"]) {
  const clock = new ManualClock();
  const log = new UnreliableLog(clock);
  const options = { log, partitions: 1, clock, logger: SILENT, windowBatchesMax: 1, windowBytesMax: 1000 };
  const publisher = new Publisher({ ...options, spool: new MemorySpool(1, 1000) });
  let polls = 0;
  const observed: [string, number][] = [];
  const source: EventSource = {
    kind,
    pollIntervalMs: 20,
    finished: false,
    open: () => Promise.resolve([]),
    start: () => Promise.resolve(),
    poll: () => ++polls,
    observe: (node, reason) => observed.push([node, reason]),
    close: () => Promise.resolve(),
  };
  const observations = new ObservationRequests(300_000, (node, reason) => source.observe(node, reason));
  const poller = new Poller({ source, batchers: [], publisher, observations, clock, messageBytesMax: 100 });
  return { clock, log, publisher, poller, observations, observed, polls: () => polls };
}

async function fill(publisher: Publisher): Promise<void> {
  for (let seq = 0; seq < 2; seq++) {
    publisher.accept({ node: "n", id: `n/b/1/${seq}`, seq, payload: new Uint8Array(10), events: 1 });
  }
  await settle();
}

for (const [kind, goesOn] of [
  ["synthetic", false],
  ["trace", false],
  ["bpf", true],
] as const) {
  test(`while nothing more may be accepted, a ${kind} source is ${goesOn ? "polled all the same" : "paused"}`, async () => {
    const { clock, log, publisher, poller, polls } = setUp(kind);
    log.failures = Number.POSITIVE_INFINITY;
    await fill(publisher);
    const stop = new AbortController();
    const running = poller.run(stop.signal);
    await clock.advance(100);
    assert.equal(polls() > 0, goesOn);
    log.failures = 0;
    for (let wait = 0; wait < 100; wait++) {
      await clock.advance(100);
      await settle();
    }
    assert.ok(polls() > 0);
    stop.abort();
    await running;
  });
}

test("a node is asked for an observation at most once in five minutes, and no request is forgotten", () => {
  const { observations, observed } = setUp("bpf");
  observations.add("a", 5);
  observations.add("a", 3);
  observations.pass(0);
  assert.deepEqual(observed, [["a", 5]]);
  observations.add("a", 3);
  observations.add("b", 3);
  observations.pass(299_999);
  assert.deepEqual(observed.slice(1), [["b", 3]]);
  observations.pass(300_000);
  assert.deepEqual(observed.slice(2), [["a", 3]]);
  observations.pass(900_000);
  assert.equal(observed.length, 3);
});
