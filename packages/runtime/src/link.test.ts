import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatingError } from "./errors.ts";
import { Link, type LinkEvents, reconnectWaitMs } from "./link.ts";

/** A server that answers as the test says, and what happened to it. */
class Exchange {
  dialled = 0;
  hungUp: number[] = [];
  isThere = true;
  events: LinkEvents | null = null;
  readonly link = new Link<number>({
    dial: async (events) => {
      this.dialled++;
      await Promise.resolve();
      if (!this.isThere) throw new OperatingError("LOG_UNAVAILABLE", "refused", { retriable: true });
      this.events = events;
      return this.dialled;
    },
    hangUp: async (wire) => {
      this.hungUp.push(wire);
    },
    unavailable: () => new OperatingError("LOG_UNAVAILABLE", "away", { retriable: true }),
  });
}

test("Callers at the same time share one attempt, and later ones the connection.", async () => {
  const { link } = new Exchange();
  assert.deepEqual(await Promise.all([link.get(), link.get()]), [1, 1]);
  assert.equal(await link.get(), 1);
  assert.equal(link.wire, 1);
});

test("A failed attempt is told, and the next caller tries again.", async () => {
  const exchange = new Exchange();
  exchange.isThere = false;
  await assert.rejects(exchange.link.get(), { code: "LOG_UNAVAILABLE", message: "refused" });
  exchange.isThere = true;
  assert.equal(await exchange.link.get(), 2);
});

test("While the server is away callers are told at once; when it is back the same connection serves.", async () => {
  const exchange = new Exchange();
  let downs = 0;
  exchange.link.downListeners.add(() => downs++);
  await exchange.link.get();
  exchange.events?.onDown();
  assert.equal(exchange.link.wire, null);
  await assert.rejects(exchange.link.get(), { message: "away" });
  exchange.events?.onUp();
  assert.equal(await exchange.link.get(), 1);
  assert.equal(downs, 1);
});

test("A client that gave up is replaced.", async () => {
  const exchange = new Exchange();
  await exchange.link.get();
  exchange.events?.onClosed();
  assert.equal(await exchange.link.get(), 2);
});

test("Closing hangs up, also on a connection that is only being made.", async () => {
  const exchange = new Exchange();
  const coming = exchange.link.get();
  await exchange.link.close();
  await assert.rejects(coming, { code: "ABORTED" });
  await assert.rejects(exchange.link.get(), { code: "ABORTED" });
  assert.deepEqual(exchange.hungUp, [1]);
});

test("The wait to reconnect grows with the outage and stays within its bounds.", () => {
  assert.equal(
    reconnectWaitMs(0, () => 0),
    50,
  );
  assert.equal(
    reconnectWaitMs(8_000, () => 0.5),
    1_500,
  );
  assert.ok(reconnectWaitMs(1e9, () => 0.999) <= 3_000);
});
