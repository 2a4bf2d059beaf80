import assert from "node:assert/strict";
import { test } from "node:test";
import { Lanes } from "./lanes.ts";
import type { Notification } from "./notification.ts";
import { Permits } from "./permits.ts";

function notification(id: string, alertKey: string): Notification {
  return { id, target: "webhook", alertKey, incident: "", eventId: id, noticeId: "", body: new Uint8Array(0) };
}

test("Within a lane one item waits for the other; lanes do not wait for each other", async () => {
  const seen: string[] = [];
  const release = new Map<string, () => void>();
  const lanes = new Lanes(async (item) => {
    seen.push(`${item.id} begins`);
    await new Promise<void>((resolve) => release.set(item.id, resolve));
    seen.push(`${item.id} ends`);
  });
  for (const [id, key] of [
    ["a1", "a"],
    ["a2", "a"],
    ["b1", "b"],
  ] as const)
    lanes.push(notification(id, key));
  assert.deepEqual(seen, ["a1 begins", "b1 begins"]);
  assert.equal(lanes.size, 3);
  release.get("a1")!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen.slice(2), ["a1 ends", "a2 begins"]);
  release.get("b1")!();
  release.get("a2")!();
  await lanes.idle();
  assert.equal(lanes.size, 0);
});

test("Permits let so many through at a time, in the order of asking, and come back after a failure", async () => {
  const permits = new Permits(2);
  let inside = 0;
  let insideMax = 0;
  const order: number[] = [];
  const use = (id: number) =>
    permits.use(async () => {
      inside++;
      insideMax = Math.max(insideMax, inside);
      order.push(id);
      await Promise.resolve();
      inside--;
      if (id === 1) throw new Error("failed inside");
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(use));
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
  assert.equal(insideMax, 2);
  assert.deepEqual(
    results.map((result) => result.status === "fulfilled"),
    [true, false, true, true, true],
  );
});
