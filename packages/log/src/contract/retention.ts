import assert from "node:assert/strict";
import type { EventLog, StreamPositions } from "../port.ts";
import { bytes, clock, EVENTS, type Habits, type On, readAtLeast, shape, VIEW } from "./kit.ts";

const MESSAGE_BYTES = 64 * 1024;

/** What holds when the log no longer has what a reader wants. */
export function retentionContract(on: On, { partitionBytesMax, retentionMsMax }: Habits): void {
  const tight = { partitions: 2, bytesMax: 2 * partitionBytesMax };
  const count = (2.5 * partitionBytesMax) / MESSAGE_BYTES;
  /** Appends far more than is kept, and waits until it is gone. */
  const overfill = async (log: EventLog): Promise<StreamPositions> => {
    for (let index = 0; index < count; index++) await log.append(EVENTS, "k", new Uint8Array(MESSAGE_BYTES));
    const endMs = clock.monotonicMs() + retentionMsMax;
    for (;;) {
      const positions = await log.positions(EVENTS);
      if (positions.bytes <= partitionBytesMax || clock.monotonicMs() >= endMs) return positions;
      await clock.sleep(50);
    }
  };

  on(
    "The oldest messages go when the bytes are used up, and who still wants them is told.",
    async (log) => {
      const early = await log.read(EVENTS, { from: 1 });
      const { first, last, bytes: size } = await overfill(log);
      assert.equal(last, count);
      assert.ok(first > 1 && size <= partitionBytesMax, `first ${first}, ${size} bytes`);
      await assert.rejects(early.next(10, 1_000), { code: "LOG_TRUNCATED", retriable: false });
      const [oldest] = await readAtLeast(log, EVENTS, { from: 1, allowTruncated: true }, 1);
      // A broker that deletes by segments may have gone on meanwhile.
      assert.ok(oldest.position >= first, `oldest ${oldest.position}, first was ${first}`);
      const [exact] = await readAtLeast(log, EVENTS, { from: oldest.position }, 1);
      assert.equal(exact.position, oldest.position);
    },
    tight,
  );

  on(
    "A reader that falls behind what is retained is told, after the records that it still got.",
    async (log) => {
      for (let index = 0; index < 4; index++) await log.append(EVENTS, "k", new Uint8Array(MESSAGE_BYTES));
      const reader = await log.read(EVENTS, { from: 1, bufferBytesMax: 2 * MESSAGE_BYTES });
      let next = (await reader.next(1, 5_000))[0].position + 1;
      await overfill(log);
      await assert.rejects(
        async () => {
          for (;;) for (const { position } of await reader.next(1, 5_000)) assert.equal(position, next++);
        },
        { code: "LOG_TRUNCATED" },
      );
      assert.ok(next < (await log.positions(EVENTS)).first);
    },
    tight,
  );

  on("A position beyond the end is refused: such a log has lost its tail.", async (log) => {
    await log.append(VIEW, "k", bytes("1"));
    const reader = await log.read(VIEW, { from: 3 });
    await assert.rejects(reader.next(1, 1_000), { code: "LOG_TRUNCATED" });
    const lenient = await log.read(VIEW, { from: 3, allowTruncated: true });
    assert.deepEqual(await lenient.next(1, 50), []);
    await log.append(VIEW, "k", bytes("2"));
    assert.deepEqual(shape(await lenient.next(1, 5_000)), ["2 k 2"]);
  });
}
