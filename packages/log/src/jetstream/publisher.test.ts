import assert from "node:assert/strict";
import { test } from "node:test";
import { Link, type LinkEvents, OperatingError } from "@farmscope/runtime";
import { Publisher } from "./publisher.ts";
import type { Session } from "./session.ts";

interface Sent {
  readonly size: number;
  readonly acknowledge: (seq: number) => void;
  readonly refuse: (error: Error) => void;
}

/** A server that acknowledges when the test says so. */
class ScriptedServer {
  readonly sent: Sent[] = [];
  isAway = false;
  events: LinkEvents | null = null;

  link(): Link<Session> {
    const publish = (_subject: string, payload: Uint8Array): Promise<{ seq: number }> => {
      const { promise, resolve, reject } = Promise.withResolvers<{ seq: number }>();
      this.sent.push({ size: payload.length, acknowledge: (seq) => resolve({ seq }), refuse: reject });
      return promise;
    };
    const session = { connection: { info: { max_payload: 2 ** 20 } }, streams: { publish } } as unknown as Session;
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
  const link = server.link();
  await link.get();
  const publisher = new Publisher(link, limits);
  const append = (size: number, signal?: AbortSignal): Promise<number> =>
    publisher.append(place, new Uint8Array(size), signal === undefined ? {} : { signal }, "appending");
  const sizes = (): number[] => server.sent.map(({ size }) => size);
  return { server, append, sizes };
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

test("A refusal is told to its caller alone.", async () => {
  const { server, append } = await connected({ countMax: 10, bytesMax: 1_000 });
  const appends = [append(1), append(2)];
  server.sent[0].refuse(new Error("no responders"));
  server.sent[1].acknowledge(9);
  await assert.rejects(appends[0], { code: "LOG_UNAVAILABLE", message: "appending: no responders" });
  assert.equal(await appends[1], 9);
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
  const publisher = new Publisher(server.link());
  const append = (size: number): Promise<number> => publisher.append(place, new Uint8Array(size), {}, "appending");
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
