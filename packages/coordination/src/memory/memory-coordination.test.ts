import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SystemClock } from "@farmscope/runtime";
import { CONTRACT_TTL_MS, coordinationContract } from "../contract.ts";
import { LEASE_TTL_MS, openCoordination } from "../open.ts";

const settings = { kind: "memory", url: "", namespace: "fs", replicas: 1 } as const;

coordinationContract("Coordination in memory", {
  open: async () => openCoordination({ ...settings, ttlMs: CONTRACT_TTL_MS, clock: new SystemClock() }),
});

test("A lease ends exactly at its time to live by the injected clock.", async () => {
  const clock = new ManualClock();
  const coordination = openCoordination({ ...settings, clock });
  assert.equal(coordination.ttlMs, LEASE_TTL_MS);
  const lease = await coordination.acquire("p0", "a");
  await clock.advance(LEASE_TTL_MS - 1);
  assert.equal(await coordination.acquire("p0", "b"), null);
  assert.equal(await lease?.renew(), true);
  await clock.advance(LEASE_TTL_MS);
  assert.equal(await lease?.renew(), false);
  assert.notEqual(await coordination.acquire("p0", "b"), null);
});
