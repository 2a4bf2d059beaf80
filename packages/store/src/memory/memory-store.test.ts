import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "@farmscope/runtime";
import { storeContract } from "../contract.ts";
import { MemoryStore } from "./memory-store.ts";

const clock = new ManualClock();
const stores = new Map<string, MemoryStore>();

storeContract("memory", {
  open: async (namespace) => {
    const store = stores.get(namespace) ?? new MemoryStore(clock);
    stores.set(namespace, store);
    return store;
  },
  pass: (ms) => clock.advance(ms),
});

describe("the memory store's faults", () => {
  it("fails retriably while it is away and has lost nothing when it is back", async () => {
    const store = new MemoryStore(clock);
    await store.claim("p0");
    store.goAway();
    await assert.rejects(store.claim("p0"), { code: "STORE_UNAVAILABLE", retriable: true });
    await assert.rejects(store.get("x"), { code: "STORE_UNAVAILABLE" });
    assert.equal((await store.describe()).connected, false);
    store.comeBack();
    assert.equal((await store.claim("p0")).epoch, 2);
  });

  it("refuses an owner of before when it has lost everything, even at the same epoch and position", async () => {
    const store = new MemoryStore(clock);
    const old = await store.claim("p0");
    store.loseEverything();
    const present = await store.claim("p0");
    assert.deepEqual([present.epoch, present.position], [old.epoch, old.position]);
    const commit = { previousPosition: 0, position: 1, recordId: "r", puts: [], deletes: [], series: [] };
    assert.equal(await store.commit("p0", { ...commit, ...pick(old) }), "incarnation-changed");
    assert.equal(await store.commit("p0", { ...commit, ...pick(present) }), "committed");
  });
});

function pick({ epoch, incarnation }: { epoch: number; incarnation: string }) {
  return { epoch, incarnation };
}
