import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COMMIT_BYTES_MAX } from "./commit-bounds.ts";
import { next, until } from "./contract-helpers.ts";
import { Keys } from "./keys.ts";
import type { CommitNotice, SeriesWrite, ViewStore } from "./port.ts";

/** What the contract needs of an adapter under test. Every test gets a namespace that no other test uses. */
export interface StoreHarness {
  /** Opens another handle on the same data. The harness closes all handles. */
  open(namespace: string): Promise<ViewStore>;
  /** Lets so much of the store's time pass. */
  pass(ms: number): Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
/** Every byte value, so that no adapter can take values for text. */
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

/** The behaviour that every view store has. Run by each adapter's test with its own harness. */
export function storeContract(name: string, harness: StoreHarness): void {
  let namespaces = 0;
  const fresh = async (): Promise<{ store: ViewStore; keys: Keys; namespace: string }> => {
    const namespace = `contract${namespaces++}`;
    return { store: await harness.open(namespace), keys: new Keys(namespace), namespace };
  };

  describe(`the ${name} store: claims`, () => {
    it("gives a new scope epoch 1 at position 0 and raises the epoch with every claim", async () => {
      const { store } = await fresh();
      assert.equal(await store.committed("p0"), null);
      const first = await store.claim("p0");
      assert.deepEqual({ ...first, incarnation: "" }, { epoch: 1, position: 0, recordId: "", incarnation: "" });
      assert.notEqual(first.incarnation, "");
      const second = await store.claim("p0");
      assert.equal(second.epoch, 2);
      assert.equal(second.incarnation, first.incarnation);
    });

    it("keeps scopes apart", async () => {
      const { store } = await fresh();
      const p0 = await store.claim("p0");
      await store.claim("m0");
      assert.equal(await store.commit("p0", next(p0)), "committed");
      assert.equal((await store.committed("p0"))?.position, 1);
      assert.equal((await store.committed("m0"))?.position, 0);
      assert.equal(await store.committed("p1"), null);
    });

    it("hands the committed position and record id to the next owner", async () => {
      const { store } = await fresh();
      await store.commit("p3", next(await store.claim("p3"), { position: 41, recordId: "batch-41" }));
      const claim = await store.claim("p3");
      assert.equal(claim.position, 41);
      assert.equal(claim.recordId, "batch-41");
      assert.deepEqual(await store.committed("p3"), { epoch: 2, position: 41, recordId: "batch-41" });
    });

    it("never gives two owners the same epoch when they claim at the same time", async () => {
      const { store, namespace } = await fresh();
      const other = await harness.open(namespace);
      const claims = await Promise.all([store, other, store, other, store].map((handle) => handle.claim("p0")));
      assert.deepEqual(claims.map((claim) => claim.epoch).sort(), [1, 2, 3, 4, 5]);
    });
  });

  describe(`the ${name} store: commits`, () => {
    it("refuses the owner before the present one and leaves everything untouched", async () => {
      const { store, keys, namespace } = await fresh();
      const other = await harness.open(namespace);
      const old = await store.claim("p0");
      const present = await other.claim("p0");
      const puts = [{ key: keys.node(0, "n"), value: bytes(1) }];
      const series = [{ series: keys.nodeWindows(0, 10_000, "n"), startMs: 0, value: bytes(1), keepFromMs: 0 }];
      assert.equal(await store.commit("p0", next(old, { puts, series })), "fenced");
      assert.equal(await store.get(keys.node(0, "n")), null);
      assert.deepEqual(await store.list(keys.nodeIndex(0)), []);
      assert.deepEqual(await store.range(keys.nodeWindows(0, 10_000, "n"), 0, 1), []);
      assert.equal((await store.committed("p0"))?.position, 0);
      assert.equal(await other.commit("p0", next(present, { puts })), "committed");
    });

    it("refuses a commit that does not start where the scope is", async () => {
      const { store } = await fresh();
      const claim = await store.claim("p0");
      assert.equal(await store.commit("p0", next(claim, { previousPosition: 7, position: 8 })), "position-mismatch");
      assert.equal(await store.commit("p0", next(claim)), "committed");
      assert.equal(await store.commit("p0", next(claim)), "position-mismatch");
    });

    it("refuses an owner from another life of the store", async () => {
      const { store } = await fresh();
      const claim = await store.claim("p0");
      assert.equal(await store.commit("p0", next(claim, { incarnation: "another" })), "incarnation-changed");
      assert.equal(await store.commit("p1", next(claim)), "incarnation-changed");
      assert.equal(await store.commit("p0", next(claim)), "committed");
    });

    it("takes commits that are sent without waiting for the one before", async () => {
      const { store, keys } = await fresh();
      const claim = await store.claim("p0");
      const commits = Array.from({ length: 50 }, (_, i) =>
        store.commit("p0", next({ ...claim, position: i }, { puts: [{ key: keys.node(0, "n"), value: bytes(i) }] })),
      );
      assert.deepEqual(new Set(await Promise.all(commits)), new Set(["committed"]));
      assert.deepEqual(await store.get(keys.node(0, "n")), bytes(49));
      assert.equal((await store.committed("p0"))?.position, 50);
    });

    it("refuses a commit over the bounds before sending it", async () => {
      const { store, keys } = await fresh();
      const claim = await store.claim("p0");
      const half = new Uint8Array(COMMIT_BYTES_MAX / 2);
      const puts = [half, half, bytes(1)].map((value, i) => ({ key: keys.node(0, `n${i}`), value }));
      await assert.rejects(store.commit("p0", next(claim, { puts })), {
        code: "STORE_COMMIT_TOO_LARGE",
        retriable: false,
      });
      assert.equal(await store.commit("p0", next(claim)), "committed");
    });

    it("writes 2,000 views and windows in one commit", async () => {
      const { store, keys } = await fresh();
      const nodes = Array.from({ length: 2_000 }, (_, i) => `node-${i}`);
      const puts = nodes.map((node, i) => ({ key: keys.node(0, node), value: bytes(i & 255, i >> 8) }));
      const series = nodes.map((node) => ({
        series: keys.nodeWindows(0, 10_000, node),
        startMs: 10_000,
        value: ALL_BYTES,
        keepFromMs: 0,
      }));
      assert.equal(await store.commit("p0", next(await store.claim("p0"), { puts, series })), "committed");
      assert.deepEqual(await store.list(keys.nodeIndex(0)), nodes.sort());
      const values = await store.getMany(puts.map((put) => put.key));
      assert.deepEqual(
        values,
        puts.map((put) => put.value),
      );
      assert.equal((await store.range(keys.nodeWindows(0, 10_000, "node-1999"), 0, 20_000)).length, 1);
    });
  });

  describe(`the ${name} store: views`, () => {
    it("gives back every byte as it was put, and null for what is not there", async () => {
      const { store, keys } = await fresh();
      const puts = [
        { key: keys.node(0, "a/b {c} ü\n"), value: ALL_BYTES },
        { key: keys.farm(1, "empty"), value: bytes() },
      ];
      await store.commit("p0", next(await store.claim("p0"), { puts: [puts[0]!] }));
      await store.commit("m1", next(await store.claim("m1"), { puts: [puts[1]!] }));
      assert.deepEqual(await store.get(puts[0]!.key), ALL_BYTES);
      const many = await store.getMany([puts[1]!.key, keys.node(0, "none"), puts[0]!.key, puts[1]!.key]);
      assert.deepEqual(many, [bytes(), null, ALL_BYTES, bytes()]);
      assert.deepEqual(await store.getMany([]), []);
    });

    it("is not touched by what the caller does to its buffers afterwards", async () => {
      const { store, keys } = await fresh();
      const value = bytes(1, 2, 3);
      await store.commit("p0", next(await store.claim("p0"), { puts: [{ key: keys.node(0, "n"), value }] }));
      value.fill(9);
      const read = await store.get(keys.node(0, "n"));
      assert.deepEqual(read, bytes(1, 2, 3));
      read?.fill(8);
      assert.deepEqual(await store.get(keys.node(0, "n")), bytes(1, 2, 3));
    });

    it("keeps the index of nodes and farms from what is put and deleted", async () => {
      const { store, keys } = await fresh();
      const claim = await store.claim("p0");
      const value = bytes(1);
      const puts = ["b", "a/1", "c"].map((node) => ({ key: keys.node(0, node), value }));
      const map = { key: keys.pageMap(0, "b"), value };
      await store.commit("p0", next(claim, { puts: [...puts, map] }));
      assert.deepEqual(await store.list(keys.nodeIndex(0)), ["a/1", "b", "c"]);
      await store.commit("p0", next({ ...claim, position: 1 }, { deletes: [keys.node(0, "b"), map.key] }));
      assert.deepEqual(await store.list(keys.nodeIndex(0)), ["a/1", "c"]);
      assert.deepEqual(await store.getMany([keys.node(0, "b"), map.key]), [null, null]);
      assert.deepEqual(await store.list(keys.farmIndex(0)), []);
    });

    it("puts what one commit both deletes and puts", async () => {
      const { store, keys } = await fresh();
      const key = keys.node(0, "n");
      const commit = { deletes: [key], puts: [{ key, value: bytes(2) }] };
      await store.commit("p0", next(await store.claim("p0"), commit));
      assert.deepEqual(await store.get(key), bytes(2));
      assert.deepEqual(await store.list(keys.nodeIndex(0)), ["n"]);
    });

    it("drops a view when its time to live is over, unless it was put again without one", async () => {
      const { store, keys } = await fresh();
      const claim = await store.claim("p0");
      const [a, b] = [keys.pageMap(0, "a"), keys.pageMap(0, "b")];
      const puts = [a, b].map((key) => ({ key, value: bytes(1), ttlMs: 300 }));
      await store.commit("p0", next(claim, { puts }));
      assert.deepEqual(await store.getMany([a, b]), [bytes(1), bytes(1)]);
      await store.commit("p0", next({ ...claim, position: 1 }, { puts: [{ key: b, value: bytes(2) }] }));
      await harness.pass(400);
      assert.deepEqual(await store.getMany([a, b]), [null, bytes(2)]);
    });
  });

  describe(`the ${name} store: series`, () => {
    const write = (series: string, startMs: number, value: Uint8Array, keepFromMs = 0): SeriesWrite => ({
      series,
      startMs,
      value,
      keepFromMs,
    });

    it("answers entries by start, the first bound inclusive, the second exclusive", async () => {
      const { store, keys } = await fresh();
      const series = keys.farmWindows(0, 10_000, "default");
      const start = 1_763_800_000_000;
      const writes = [20_000, 0, 10_000].map((offset) => write(series, start + offset, bytes(offset / 10_000)));
      await store.commit("m0", next(await store.claim("m0"), { series: writes }));
      const values = async (from: number, to: number) =>
        (await store.range(series, start + from, start + to)).map((entry) => [entry.startMs - start, ...entry.value]);
      assert.deepEqual(await values(0, 20_000), [
        [0, 0],
        [10_000, 1],
      ]);
      assert.deepEqual(await values(1, 20_001), [
        [10_000, 1],
        [20_000, 2],
      ]);
      assert.deepEqual(await values(20_001, 90_000), []);
    });

    it("replaces the entry of the same start, and keeps two windows that hold the same bytes", async () => {
      const { store, keys } = await fresh();
      const series = keys.nodeWindows(0, 10_000, "n");
      const claim = await store.claim("p0");
      await store.commit(
        "p0",
        next(claim, { series: [write(series, 0, ALL_BYTES), write(series, 10_000, ALL_BYTES)] }),
      );
      await store.commit("p0", next({ ...claim, position: 1 }, { series: [write(series, 10_000, bytes(5))] }));
      assert.deepEqual(await store.range(series, 0, 90_000), [
        { startMs: 0, value: ALL_BYTES },
        { startMs: 10_000, value: bytes(5) },
      ]);
    });

    it("removes entries that start before what is to be kept", async () => {
      const { store, keys } = await fresh();
      const series = keys.nodeWindows(0, 10_000, "n");
      const claim = await store.claim("p0");
      const old = [0, 10_000, 20_000].map((startMs) => write(series, startMs, bytes(1)));
      await store.commit("p0", next(claim, { series: old }));
      await store.commit("p0", next({ ...claim, position: 1 }, { series: [write(series, 30_000, bytes(2), 20_000)] }));
      assert.deepEqual(
        (await store.range(series, 0, 90_000)).map((entry) => entry.startMs),
        [20_000, 30_000],
      );
    });
  });

  describe(`the ${name} store: notices`, () => {
    it("tells every watcher of commits by any writer, and of nothing that was refused", async () => {
      const { store, namespace } = await fresh();
      const other = await harness.open(namespace);
      const heard: CommitNotice[] = [];
      const stop = await other.watch((notice) => heard.push(notice));
      const claim = await store.claim("p7");
      await store.commit("p7", next(claim));
      await store.commit("p7", next(claim));
      await store.commit("p7", next({ ...claim, position: 1 }));
      await until(() => heard.length >= 2);
      await stop();
      await store.commit("p7", next({ ...claim, position: 2 }));
      await harness.pass(50);
      assert.deepEqual(heard, [
        { scope: "p7", position: 1 },
        { scope: "p7", position: 2 },
      ]);
    });
  });
}
