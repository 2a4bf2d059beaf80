import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import type { Coordination, Lease } from "./port.ts";

/** Time to live in the suite: servers look for what has expired no more often than that. */
export const CONTRACT_TTL_MS = 1_000;

/** What an adapter gives to be held against the contract. */
export interface CoordinationUnderTest {
  /** Coordination of its own, empty, with {@link CONTRACT_TTL_MS}. The suite closes it. */
  open(): Promise<Coordination>;
}

const clock = new SystemClock();

/** Registers the tests that every adapter of coordination must pass. */
export function coordinationContract(title: string, underTest: CoordinationUnderTest): void {
  const on = (name: string, work: (coordination: Coordination) => Promise<void>): void => {
    test(name, async () => {
      const coordination = await underTest.open();
      try {
        await work(coordination);
      } finally {
        await coordination.close();
      }
    });
  };

  describe(title, { timeout: 60_000, concurrency: true }, () => {
    on("A free lease is taken, a held one is not.", async (coordination) => {
      const lease = await coordination.acquire("p0", "a");
      assert.equal(lease?.name, "p0");
      assert.equal(lease?.holder, "a");
      assert.equal(await coordination.acquire("p0", "b"), null);
      assert.equal(await coordination.acquire("p0", "a"), null);
      assert.notEqual(await coordination.acquire("p1", "b"), null);
    });

    on("Of many who try at once, one gets it.", async (coordination) => {
      const tries = Array.from({ length: 10 }, (_, index) => coordination.acquire("p0", `replica-${index}`));
      const won = (await Promise.all(tries)).filter((lease) => lease !== null);
      assert.equal(won.length, 1);
      assert.equal((await coordination.holders("p")).get("p0"), won[0].holder);
    });

    on("A lease lives as long as it is renewed.", async (coordination) => {
      const lease = await mustAcquire(coordination, "p0", "a");
      for (let round = 0; round < 8; round++) {
        await clock.sleep(CONTRACT_TTL_MS / 4);
        assert.equal(await lease.renew(), true);
      }
      assert.equal(await coordination.acquire("p0", "b"), null);
    });

    on("A lease that is not renewed expires, another takes it, and the first one is told.", async (coordination) => {
      const lease = await mustAcquire(coordination, "p0", "a");
      const startMs = clock.monotonicMs();
      const other = await eventually(() => coordination.acquire("p0", "b"));
      assert.ok(clock.monotonicMs() - startMs >= CONTRACT_TTL_MS * 0.8, "it expired too early");
      assert.equal(await lease.renew(), false);
      assert.equal(await lease.renew(), false);
      await lease.release();
      assert.equal(await other.renew(), true, "the release of a lost lease harmed the new holder");
    });

    on("A released lease is free at once, and cannot be renewed.", async (coordination) => {
      const lease = await mustAcquire(coordination, "p0", "a");
      await lease.renew();
      await lease.release();
      assert.equal((await coordination.holders("")).size, 0);
      const other = await mustAcquire(coordination, "p0", "b");
      assert.equal(await lease.renew(), false);
      await lease.release();
      assert.equal(await other.renew(), true);
    });

    on("A lease changes hands many times.", async (coordination) => {
      for (let round = 0; round < 10; round++) await (await mustAcquire(coordination, "p0", `r${round}`)).release();
      assert.notEqual(await coordination.acquire("p0", "last"), null);
    });

    on("Holders are told by the prefix of the lease's name.", async (coordination) => {
      await mustAcquire(coordination, "p0", "a");
      await mustAcquire(coordination, "p11", "host.example:4 ü");
      await mustAcquire(coordination, "m0", "a");
      assert.deepEqual([...(await coordination.holders("p"))].toSorted(), [
        ["p0", "a"],
        ["p11", "host.example:4 ü"],
      ]);
      assert.equal((await coordination.holders("")).size, 3);
      assert.equal((await coordination.holders("x")).size, 0);
    });

    on("Any text can name a lease.", async (coordination) => {
      for (const name of ["a.b.*", "", "a b/ü", ">"]) {
        await mustAcquire(coordination, name, "h");
        assert.equal(await coordination.acquire(name, "h"), null);
        assert.equal((await coordination.holders(name)).get(name), "h");
      }
    });

    on("Members are those who announced themselves, by role, sorted.", async (coordination) => {
      const [b, a] = [
        { id: "host-b/2", role: "aggregator" },
        { id: "host-a.1", role: "aggregator" },
      ];
      for (const member of [b, a, { id: "x", role: "alerting" }]) await coordination.announce(member);
      await coordination.announce(b);
      assert.deepEqual(await coordination.members("aggregator"), [a, b]);
      await coordination.withdraw(b);
      assert.deepEqual(await coordination.members("aggregator"), [a]);
      assert.deepEqual(await coordination.members("nobody"), []);
    });

    on("A member that falls silent vanishes, one that repeats itself stays.", async (coordination) => {
      const [silent, lively] = [
        { id: "silent", role: "r" },
        { id: "lively", role: "r" },
      ];
      await coordination.announce(silent);
      await eventually(async () => {
        await coordination.announce(lively);
        const members = await coordination.members("r");
        assert.ok(members.some(({ id }) => id === "lively"));
        return members.length === 1 ? members : null;
      });
    });

    on("After closing, it answers nobody.", async (coordination) => {
      await mustAcquire(coordination, "p0", "a");
      await coordination.close();
      await assert.rejects(coordination.acquire("p1", "a"), { code: "ABORTED" });
    });
  });
}

async function mustAcquire(coordination: Coordination, name: string, holder: string): Promise<Lease> {
  const lease = await coordination.acquire(name, holder);
  assert.ok(lease !== null, `${name} is held by another`);
  return lease;
}

/** Asks until the answer is not null, for at most six times the time to live. */
async function eventually<T>(ask: () => Promise<T | null>): Promise<T> {
  const endMs = clock.monotonicMs() + 6 * CONTRACT_TTL_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    assert.ok(clock.monotonicMs() < endMs, "it never came true");
    await clock.sleep(50);
  }
}
