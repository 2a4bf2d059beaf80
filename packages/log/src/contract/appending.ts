import assert from "node:assert/strict";
import { all, bytes, clock, EVENTS, type Habits, type On, readAtLeast, shape, text, VIEW } from "./kit.ts";

/** What holds of appending, and of what it leaves behind. */
export function appendingContract(on: On, { dropsRepeated }: Habits): void {
  on("Positions start at 1 and grow by one with each append.", async (log) => {
    assert.equal(await log.append(VIEW, "a", bytes("1")), 1);
    assert.equal(await log.append(VIEW, "b", bytes("2")), 2);
    assert.deepEqual(shape(await all(log, VIEW)), ["1 a 1", "2 b 2"]);
  });

  on("Appends that overlap stand in the order of their calls.", async (log) => {
    const appends = Array.from({ length: 2_000 }, (_, index) => log.append(VIEW, "k", bytes(String(index))));
    const positions = await Promise.all(appends);
    assert.deepEqual(
      positions,
      positions.map((_, index) => index + 1),
    );
    const records = await all(log, VIEW);
    assert.deepEqual(
      records.map(({ payload }) => text(payload)),
      records.map((_, index) => String(index)),
    );
  });

  if (dropsRepeated) {
    on("A second append with the same id is not stored, and is told the first one's position.", async (log) => {
      assert.equal(await log.append(VIEW, "k", bytes("first"), { id: "node/1 é" }), 1);
      assert.equal(await log.append(VIEW, "k", bytes("second"), { id: "node/1 é" }), 1);
      assert.equal(await log.append(VIEW, "k", bytes("third"), { id: "node/2" }), 2);
      assert.deepEqual(shape(await all(log, VIEW)), ["1 k first", "2 k third"]);
    });
  } else {
    on("A second append with the same id is one more record: readers tell them apart.", async (log) => {
      assert.equal(await log.append(VIEW, "k", bytes("first"), { id: "node/1 é" }), 1);
      assert.equal(await log.append(VIEW, "k", bytes("second"), { id: "node/1 é" }), 2);
      assert.deepEqual(shape(await all(log, VIEW)), ["1 k first", "2 k second"]);
    });
  }

  on("Streams are apart: the same id and positions in each.", async (log) => {
    for (const stream of [VIEW, EVENTS, { kind: "event", partition: 0 } as const, { kind: "dead" } as const]) {
      assert.equal(await log.append(stream, "k", bytes("x"), { id: "same" }), 1);
    }
    assert.equal((await log.positions({ kind: "alert" })).messages, 0);
  });

  on("Append times are the broker's wall clock and do not go back.", async (log) => {
    const beforeMs = clock.nowMs();
    for (let index = 0; index < 20; index++) await log.append(VIEW, "k", bytes("x"));
    const times = (await all(log, VIEW)).map((record) => record.appendedAtMs);
    assert.ok(times[0] >= beforeMs - 1 && times[0] <= clock.nowMs() + 1, `${times[0]} is not now`);
    assert.deepEqual(times, times.toSorted());
  });

  const oddKeys = ["~tick", "farm/a b", "a.b.*.>", "", "日本 🦊", "\ud800", "=41", "x".repeat(256), "🦊".repeat(128)];
  on("Any text can be a key.", async (log) => {
    for (const key of oddKeys) await log.append(VIEW, key, bytes("v"));
    assert.deepEqual(
      (await all(log, VIEW)).map((record) => record.key),
      oddKeys,
    );
    for (const [index, key] of oddKeys.entries()) {
      assert.equal((await log.lastOf(VIEW, key))?.key, key);
      const [record] = await readAtLeast(log, VIEW, { from: 1, key }, 1);
      assert.equal(record.position, index + 1);
    }
  });

  on("The newest record of a key is found, and null when there is none.", async (log) => {
    await log.append(EVENTS, "a", bytes("old"));
    await log.append(EVENTS, "a", bytes("new"));
    await log.append(EVENTS, "b", bytes("other"));
    const last = await log.lastOf(EVENTS, "a");
    assert.equal(last?.position, 2);
    assert.equal(text(last?.payload), "new");
    assert.ok(Math.abs((last?.appendedAtMs ?? 0) - clock.nowMs()) < 60_000);
    assert.equal(await log.lastOf(EVENTS, "c"), null);
  });

  on("Positions tell the ends, the number and the bytes.", async (log) => {
    assert.deepEqual(await log.positions(VIEW), { first: 1, last: 0, messages: 0, bytes: 0 });
    for (let index = 0; index < 5; index++) await log.append(VIEW, "k", bytes("12345"));
    const { first, last, messages, bytes: size } = await log.positions(VIEW);
    assert.deepEqual([first, last, messages], [1, 5, 5]);
    assert.ok(size >= 25);
  });

  on("Payloads up to the limit are taken and come back whole; one byte more is refused.", async (log) => {
    await log.positions(VIEW);
    const largest = new Uint8Array(log.messageBytesMax).map((_, index) => (index * 31) & 255);
    const key = "🦊".repeat(128);
    await log.append(VIEW, key, largest, { id: "é".repeat(256) });
    await log.append(VIEW, "empty", new Uint8Array(0));
    const records = await all(log, VIEW);
    assert.ok(Buffer.from(records[0].payload).equals(largest));
    assert.equal(records[1].payload.length, 0);
    const oneMore = log.append(VIEW, "k", new Uint8Array(log.messageBytesMax + 1));
    await assert.rejects(oneMore, { code: "LOG_MESSAGE_TOO_LARGE", retriable: false });
  });

  on("A cancelled append is refused.", async (log) => {
    const append = log.append(VIEW, "k", bytes("x"), { signal: AbortSignal.abort() });
    await assert.rejects(append, { code: "ABORTED" });
    assert.equal((await log.positions(VIEW)).messages, 0);
  });
}
