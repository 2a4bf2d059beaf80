import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { retrying, SystemClock } from "@farmscope/runtime";
import { NATS_VERSIONS, NatsCluster, NatsServer } from "@farmscope/testkit";
import { openCoordination } from "../open.ts";
import type { Coordination, Lease } from "../port.ts";

const clock = new SystemClock();
/** Longer than an election, which takes 5 to 7 s, and the wait for the answer that never came. */
const TTL_MS = 15_000;

function open(url: string): Coordination {
  return openCoordination({ kind: "nats", url, namespace: "fs", ttlMs: TTL_MS, replicas: 3, clock });
}

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`Leases on three ${version} servers`, {
    skip: missing === null ? false : `skipped: ${missing}`,
    timeout: 60_000,
  }, () => {
    test("Leases outlive the end of the bucket's leader, and nobody else gets them meanwhile.", async (context) => {
      await using cluster = await NatsCluster.start({ version });
      const [one, two] = [open(cluster.url), open(cluster.url)];
      const names = ["p0", "p1", "p2", "p3"];
      const acquire = (name: string): Promise<Lease | null> => retrying(clock, () => one.acquire(name, "one"));
      const leases = await Promise.all(names.map(acquire));
      const leader = await cluster.leaderOf("KV_fs-coordination");

      const killedAtMs = clock.monotonicMs();
      await leader.kill();
      let failures = 0;
      const renewed = leases.map((lease) =>
        retrying(clock, async () => await lease?.renew(), { maxMs: 500, onFailure: () => failures++ }),
      );
      assert.deepEqual(await Promise.all(renewed), [true, true, true, true]);
      context.diagnostic(`renewed after ${Math.round(clock.monotonicMs() - killedAtMs)} ms, ${failures} failures`);
      const other = await retrying(clock, () => two.acquire("p0", "two"));
      assert.equal(other, null);
      assert.deepEqual([...(await retrying(clock, () => two.holders("p"))).keys()].toSorted(), names);
      await one.close();
      await two.close();
    });
  });
}
