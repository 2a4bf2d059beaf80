import assert from "node:assert/strict";
import { test } from "node:test";
import { Link, type LinkEvents, ManualClock, OperatingError } from "@farmscope/runtime";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { AckedSender } from "./ack-inbox.ts";
import { Publisher } from "./publisher.ts";
import type { Session } from "./session.ts";

interface Sent {
  readonly size: number;
  readonly acknowledge: (seq: number) => void;
  readonly refuse: (error: Error) => void;
  /** No leader took it. */
  readonly ignore: () => void;
}

/** A server that acknowledges when the test says so. */
class ScriptedServer {
  readonly sent: Sent[] = [];
  isAway = false;
  events: LinkEvents | null = null;

  link(): Link<Session> {
    const send: AckedSender["send"] = (_subject, payload, _headers, onAnswer) => {
      return this.sent.push({
        size: payload.length,
        acknowledge: (position) => onAnswer({ kind: "stored", position }),
        refuse: (error) => onAnswer({ kind: "refused", error }),
        ignore: () => onAnswer({ kind: "nobody" }),
      });
    };
    const manager = { streams: { info: async () => ({}) } };
    const connection = { info: { max_payload: 2 ** 20 } };
    const session = { connection, manager, sender: { send, forget: () => undefined } } as unknown as Session;
    return new Link<Session>({
      dial: async (events) => {
        if (this.isAway) throw new OperatingError("LOG_UNAVAILABLE", "refused", { retriable: true });
        this.events = events;
        return session;
      },
      hangUp: async () => undefined,
      unavailable: () => new OperatingError("LOG_UNAVAILABLE", "away", { retriable: true }),
    });
  }
}

const place = { subject: "fs.view.k", header: null };

async function connected(limits: { countMax: number; bytesMax: number }) {
  const server = new ScriptedServer();
  const clock = new ManualClock();
  const link = server.link();
  await link.get();
  const publisher = new Publisher(link, clock, limits);
  let ids = 0;
  const append = (size: number, signal?: AbortSignal): Promise<number> =>
    publisher.append("S", place, new Uint8Array(size), { id: `${++ids}`, ...(signal === undefined ? {} : { signal }) });
  const sizes = (): number[] => server.sent.map(({ size }) => size);
  return { server, append, sizes, publisher, clock };
}

/** Lets time pass until it is so. */
async function until(clock: ManualClock, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await settled();
    await clock.advance(20);
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("As many appends as allowed are under way, and one more waits for the first acknowledgement.", async () => {
  const { server, append, sizes } = await connected({ countMax: 2, bytesMax: 1_000 });
  const appends = [append(1), append(2), append(3)];
  assert.deepEqual(sizes(), [1, 2]);
  server.sent[0].acknowledge(7);
  assert.equal(await appends[0], 7);
  assert.deepEqual(sizes(), [1, 2, 3]);
});

test("Bytes under way are bounded, but one append always goes, however large.", async () => {
  const { server, append, sizes } = await connected({ countMax: 100, bytesMax: 100 });
  void append(60);
  void append(40);
  void append(1);
  assert.deepEqual(sizes(), [60, 40]);
  server.sent[0].acknowledge(1);
  await settled();
  assert.deepEqual(sizes(), [60, 40, 1]);
  void append(5_000);
  server.sent[1].acknowledge(2);
  server.sent[2].acknowledge(3);
  await settled();
  assert.deepEqual(sizes(), [60, 40, 1, 5_000]);
});

test("A final refusal is told to its caller alone.", async () => {
  const { server, append } = await connected({ countMax: 10, bytesMax: 1_000 });
  const appends = [append(1), append(2)];
  server.sent[0].refuse(new JetStreamApiError({ code: 400, err_code: 10054, description: "too large" }));
  server.sent[1].acknowledge(9);
  await assert.rejects(appends[0], { code: "LOG_MESSAGE_TOO_LARGE", message: "appending to S: too large" });
  assert.equal(await appends[1], 9);
});

test("Without a leader one append at a time asks for one; then all follow, in the order of the calls.", async () => {
  const { server, append, sizes, publisher, clock } = await connected({ countMax: 10, bytesMax: 1_000 });
  const appends = [append(1), append(2), append(3)];
  server.sent[1].ignore();
  const late = append(4);
  await until(clock, () => server.sent.length === 4);
  server.sent[3].ignore();
  await until(clock, () => server.sent.length === 5);
  assert.deepEqual(sizes(), [1, 2, 3, 1, 1]);
  // The first leader's acknowledgement may still come: that append is not sent a third time.
  server.sent[2].acknowledge(12);
  server.sent[4].acknowledge(10);
  await until(clock, () => server.sent.length === 7);
  assert.deepEqual(sizes().slice(5), [2, 4]);
  server.sent[5].acknowledge(11);
  server.sent[6].acknowledge(13);
  assert.deepEqual(await Promise.all([...appends, late]), [10, 11, 12, 13]);
  assert.equal(publisher.failedTries, 4);
});

test("An append without an id is not sent again when it may have been stored.", async () => {
  const server = new ScriptedServer();
  const clock = new ManualClock();
  const publisher = new Publisher(server.link(), clock);
  const append = (size: number): Promise<number> => publisher.append("S", place, new Uint8Array(size), {});
  const appends = [append(1), append(2)];
  await until(clock, () => server.sent.length === 2);
  server.sent[1].ignore();
  await assert.rejects(appends[0], { code: "LOG_UNAVAILABLE", retriable: true });
  await until(clock, () => server.sent.length === 3);
  server.sent[2].acknowledge(1);
  assert.equal(await appends[1], 1);
});

test("When the connection is lost all under way and all waiting fail, and late acknowledgements change nothing.", async () => {
  const { server, append, sizes } = await connected({ countMax: 1, bytesMax: 1_000 });
  const outcomes = Promise.allSettled([append(1), append(2)]);
  server.events?.onDown();
  for (const outcome of await outcomes) assert.equal(outcome.status, "rejected");
  await assert.rejects(append(3), { message: "away" });
  server.sent[0].acknowledge(1);
  server.events?.onUp();
  const [fourth, fifth] = [append(4), append(5)];
  await settled();
  assert.deepEqual(sizes(), [1, 4]);
  server.sent[1].acknowledge(4);
  await fourth;
  server.sent[2].acknowledge(5);
  assert.equal(await fifth, 5);
});

test("A cancelled append that waits is never sent; one under way keeps its room until it is answered.", async () => {
  const { server, append, sizes } = await connected({ countMax: 1, bytesMax: 1_000 });
  const controller = new AbortController();
  const appends = [append(1, controller.signal), append(2, controller.signal), append(3)];
  controller.abort();
  await assert.rejects(appends[0], { code: "ABORTED" });
  await assert.rejects(appends[1], { code: "ABORTED" });
  assert.deepEqual(sizes(), [1]);
  server.sent[0].acknowledge(1);
  await settled();
  assert.deepEqual(sizes(), [1, 3]);
  server.sent[1].acknowledge(2);
  assert.equal(await appends[2], 2);
});

test("Appends before the first connection are sent in order once it stands, or fail with it.", async () => {
  const server = new ScriptedServer();
  server.isAway = true;
  const publisher = new Publisher(server.link(), new ManualClock());
  const append = (size: number): Promise<number> => publisher.append("S", place, new Uint8Array(size), {});
  for (const outcome of await Promise.allSettled([append(1), append(2)])) assert.equal(outcome.status, "rejected");
  server.isAway = false;
  const appends = [append(3), append(4)];
  await settled();
  assert.deepEqual(
    server.sent.map(({ size }) => size),
    [3, 4],
  );
  for (const [index, sent] of server.sent.entries()) sent.acknowledge(index + 1);
  assert.deepEqual(await Promise.all(appends), [1, 2]);
});
