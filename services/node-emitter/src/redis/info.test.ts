import assert from "node:assert/strict";
import { test } from "node:test";
import { REDIS_INSTANCES_MAX } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import { emptyGauges, gaugesOf, parseInfo } from "./info.ts";
import { watchedServers } from "./watched-servers.ts";

const HEAD = { addr: "cache:6379", tick: 7, failures: 2 };
const INFO = [
  "# Memory",
  "used_memory:1000000",
  "used_memory_rss:1600000",
  "allocator_frag_ratio:1.20",
  "mem_fragmentation_ratio:1.60",
  "mem_fragmentation_bytes:600000",
  "# Replication",
  "role:master",
];

test("The gauges are read from INFO, whatever else it says", () => {
  const gauges = gaugesOf(parseInfo(INFO.join("\r\n")), HEAD)!;
  assert.deepEqual(
    { ...gauges, $typeName: undefined, $unknown: undefined },
    {
      $typeName: undefined,
      $unknown: undefined,
      tick: 7n,
      addr: "cache:6379",
      role: "master",
      answered: true,
      memFragmentationRatio: 1.6,
      memFragmentationBytes: 600_000n,
      allocatorFragRatio: 1.2,
      usedMemory: 1_000_000n,
      usedMemoryRss: 1_600_000n,
      failures: 2n,
    },
  );
});

test("Fragmentation below 1 gives negative bytes; an allocator that does not tell gives no ratio of its own", () => {
  const text = INFO.join("\n").replace("bytes:600000", "bytes:-150000").replace("allocator_frag_ratio:1.20\n", "");
  const gauges = gaugesOf(parseInfo(text), HEAD)!;
  assert.equal(gauges.memFragmentationBytes, -150_000n);
  assert.equal(gauges.allocatorFragRatio, 0);
});

test("An INFO without the numbers that alerts are made of gives no gauges", () => {
  for (const missing of ["used_memory:", "mem_fragmentation_ratio:", "mem_fragmentation_bytes:"]) {
    const text = INFO.filter((line) => !line.startsWith(missing)).join("\n");
    assert.equal(gaugesOf(parseInfo(text), HEAD), null, missing);
  }
  assert.equal(emptyGauges(HEAD).answered, false);
});

test("Watched servers are read from their URLs, and shown without user and password", () => {
  const watch = "redis://:hush@cache-1:6380/2, rediss://user:hush@cache-2 ,redis://[::1]:7000";
  const addrs = watchedServers(watch).map(({ addr }) => addr);
  assert.deepEqual(addrs, ["cache-1:6380", "cache-2:6379", "[::1]:7000"]);
});

test("What is no Redis URL is refused without repeating it, and so is one server too many", () => {
  for (const watch of ["http://:hush@cache", "hush", "redis://ok,redis://"]) {
    assert.throws(
      () => watchedServers(watch),
      (error) => error instanceof OperatingError && error.code === "CONFIG_INVALID" && !error.message.includes("hush"),
    );
  }
  const servers = (count: number) => Array.from({ length: count }, (_, at) => `redis://cache-${at}`).join(",");
  assert.equal(watchedServers(servers(REDIS_INSTANCES_MAX)).length, REDIS_INSTANCES_MAX);
  assert.throws(() => watchedServers(servers(REDIS_INSTANCES_MAX + 1)), /at most 64 Redis servers/);
});
