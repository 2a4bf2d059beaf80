import assert from "node:assert/strict";
import { test } from "node:test";
import { Distribution, severityName, transitionName } from "@farmscope/domain";
import { CgroupDistributionSchema, create, Signal, SignalDistributionSchema } from "@farmscope/proto";
import { createLogger } from "@farmscope/runtime";
import { AlertBook } from "./alert-book.ts";
import type { RecordedEvent } from "./alert-records.ts";
import { Evaluator } from "./evaluator.ts";
import { NODE_RECORDS_KEEP_MS } from "./node-records.ts";
import { checkRuleTexts } from "./rules/load.ts";
import { lineOf, ViewRecords, WINDOW_MS } from "./testing/view-records.ts";

function rulesOf(...rules: string[]) {
  const text = `groups:\n  - name: g\n    rules:\n${rules.map((rule) => `      - ${rule}\n`).join("")}`;
  const checked = checkRuleTexts(new Map([["r.yaml", text]]));
  assert.deepEqual(checked.faults, []);
  return checked.rules;
}

function evaluatorOf(...rules: string[]): Evaluator {
  return new Evaluator(rulesOf(...rules), new AlertBook(), createLogger("test", "silent"));
}

function textOf({ event }: RecordedEvent): string {
  return `${event.alertKey} ${transitionName(event.transition)} ${severityName(event.severity)} ${event.value}`;
}

function delays(counts: Readonly<Record<number, number>>) {
  const distribution = new Distribution();
  for (const [us, count] of Object.entries(counts)) {
    for (let at = 0; at < count; at++) distribution.recordExactUs(Number(us));
  }
  return create(SignalDistributionSchema, { signal: Signal.RUNQ_DELAY, distribution: distribution.toProto() });
}

const zone = (freeBlocks: number[]) => ({ name: "Normal", managed: 10_000, freeBlocks });

test("By node a rule reads the node's own record, at any order, and names it", () => {
  const view = new ViewRecords();
  const evaluator = evaluatorOf("{ alert: Few, signal: free_blocks, order: 2, by: node, critical: { below: 3 } }");
  view.partial(0, [{ node: "a", farm: "default", hugeOrder: 3, zones: [zone([9, 0, 1, 1])] }], 0);
  view.partial(0, [{ node: "b", farm: "default", hugeOrder: 3, zones: [zone([9, 9, 4, 0])] }], 1);
  view.farm(0, { nodes: [lineOf("a"), lineOf("b")] });
  const results = view.records.map((record) => evaluator.run(record, true));
  assert.deepEqual(results.slice(0, 2), [null, null]);
  assert.deepEqual(results[2]!.map(textOf), ["Few{farm=default,node=a} firing critical 3"]);
});

test("By cgroup a rule reads each cgroup's own distribution, and not the sum of the small ones", () => {
  const view = new ViewRecords();
  const evaluator = evaluatorOf(
    "{ alert: Slow, signal: runq_delay, quantile: 0.5, by: cgroup, critical: { above: 500us, clear_below: 400us } }",
  );
  const part = (cgroup: number, path: string, us: number) => ({ ...delays({ [us]: 10 }), cgroup, path });
  const cgroups = [part(7, "/slow", 1000), part(8, "/quick", 10), part(0, "", 9000)].map((parts) =>
    create(CgroupDistributionSchema, {
      signal: parts.signal,
      cgroup: parts.cgroup,
      path: parts.path,
      ...(parts.distribution ? { distribution: parts.distribution } : {}),
    }),
  );
  view.partial(0, [{ node: "a", farm: "default", zones: [zone([9])], cgroups }], 0);
  view.farm(0, { nodes: [lineOf("a")] });
  const events = view.records.flatMap((record) => evaluator.run(record, true) ?? []);
  assert.deepEqual(
    events.map(({ event }) => [event.alertKey, transitionName(event.transition)]),
    [["Slow{cgroup=%2Fslow,farm=default,node=a}", "firing"]],
  );
});

test("An amended part of a window that came in time stands over the first one", () => {
  const view = new ViewRecords();
  const evaluator = evaluatorOf("{ alert: Few, signal: free_blocks, order: 0, by: node, critical: { below: 3 } }");
  view.partial(0, [{ node: "a", zones: [zone([9])] }], 0, 0);
  view.partial(0, [{ node: "a", zones: [zone([1])] }], 0, 1);
  view.farm(0, { nodes: [lineOf("a")] });
  assert.deepEqual(view.records.flatMap((record) => evaluator.run(record, true) ?? []).map(textOf), [
    "Few{farm=default,node=a} firing critical 1",
  ]);
});

test("Nodes' records are kept for farms that close late, and no longer", () => {
  for (const [late, fires] of [
    [NODE_RECORDS_KEEP_MS / WINDOW_MS, true],
    [NODE_RECORDS_KEEP_MS / WINDOW_MS + 1, false],
  ] as const) {
    const view = new ViewRecords();
    const evaluator = evaluatorOf("{ alert: Few, signal: free_blocks, order: 0, by: node, critical: { below: 3 } }");
    view.partial(0, [{ node: "a", zones: [zone([1])] }]);
    view.partial(late, []);
    view.farm(0, { nodes: [lineOf("a")] });
    const events = view.records.flatMap((record) => evaluator.run(record, true) ?? []);
    assert.equal(events.length, fires ? 1 : 0, `${late} windows late`);
  }
});

test("A watched server is an instance of its own, with its role as a label that may change", () => {
  const view = new ViewRecords();
  const evaluator = evaluatorOf(
    '{ alert: R, signal: redis_mem_fragmentation_ratio, warning: { above: 1.3 }, floor: { signal: redis_mem_fragmentation_bytes, above: 100MiB }, annotations: { s: "{{ .addr }} {{ .role }}" } }',
  );
  const server = (role: string, memFragmentationRatio: number, mib: number) => [
    { addr: "c:1", role, answered: true, memFragmentationRatio, memFragmentationBytes: BigInt(mib * 2 ** 20) },
  ];
  const redis = [server("master", 1.4, 99), server("master", 1.4, 100), server("slave", 1.1, 10)];
  redis.forEach((servers, index) => {
    view.partial(index, [{ node: "a", redis: servers }]);
    view.farm(index, { nodes: [lineOf("a")] });
  });
  const events = view.records.flatMap((record) => evaluator.run(record, true) ?? []);
  assert.deepEqual(events.map(textOf), [
    "R{addr=c%3A1,farm=default,node=a} firing warning 1.4",
    "R{addr=c%3A1,farm=default,node=a} resolved warning 1.1",
  ]);
  assert.deepEqual(
    events.map(({ event }) => event.annotations["s"]),
    ["c:1 master", "c:1 slave"],
  );
});

test("An alert of a farm names the nodes with the greatest part in it, the greatest first", () => {
  const view = new ViewRecords();
  const evaluator = evaluatorOf("{ alert: Tail, signal: runq_delay, quantile: 0.5, critical: { above: 5ms } }");
  const nodes = [1000, 9000, 4000, 7000].map((us, at) => lineOf(`n${at}`, { distributions: [delays({ [us]: 3 })] }));
  view.farm(0, { nodes, distributions: [delays({ 1000: 3, 9000: 3, 4000: 3, 7000: 3, 8000: 9 })] });
  const [firing] = evaluator.run(view.records[0]!, true)!;
  assert.equal(transitionName(firing!.event.transition), "firing");
  assert.deepEqual(
    firing!.event.culprits.map(({ node }) => node),
    ["n1", "n3", "n2"],
  );
  assert.equal(firing!.event.decidedMs, 12_000n);
});

test("Rules that are replaced leave their alerts' states alone; the alerts of one that is gone end", () => {
  const offline = "{ alert: Off, signal: node_offline, warning: { above: 1 }, for: 3 }";
  const lag = "{ alert: Lag, signal: consumer_lag, warning: { above: 0s } }";
  const view = new ViewRecords();
  const evaluator = evaluatorOf(offline, lag);
  for (let index = 0; index < 6; index++) view.farm(index, { nodesKnown: 2, nodesOnline: 1 });
  const run = (at: number) => evaluator.run(view.records[at]!, true)!.map(textOf);
  assert.deepEqual(run(0), ["Off{farm=default} pending warning 1", "Lag{farm=default} firing warning 0"]);
  assert.deepEqual(run(1), []);
  evaluator.useRules(rulesOf(offline.replace("for: 3", "for: 3, labels: { team: x }")));
  const ends = evaluator.run(view.records[2]!, true)!;
  assert.deepEqual(ends.map(textOf), ["Lag{farm=default} resolved warning NaN", "Off{farm=default} firing warning 1"]);
  assert.equal(ends[0]!.event.reason, "RuleRemoved");
  assert.equal(ends[1]!.event.labels["team"], "x");
  assert.deepEqual(run(3), []);
});
