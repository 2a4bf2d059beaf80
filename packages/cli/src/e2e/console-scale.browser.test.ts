import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startConsoleFleet } from "@farmscope/query-api/console-fixture";
import type { Browser, CDPSession, Page } from "playwright-core";
import { findChromium, launchChromium } from "./chromium.ts";
import { eventually } from "./harness.ts";

const browserPath = findChromium();
const skip = browserPath === null ? "no Chromium found" : false;
const SEED = 20_261;
/** A measurement counts by its best try: what the machine does besides only ever adds. */
const TRIES = 3;

// Targets: DESIGN 12 and issue 6.
const FIRST_PAINT_MS_MAX = 1_500;
const UPDATE_MS_MAX = 50;
const DRAW_MS_MAX = 500;
/** One frame at 30 pictures a second. */
const PAN_MS_MAX = 33;

async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await launchChromium(browserPath!);
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

/** Milliseconds that the main thread has worked since the page began. */
async function mainThreadMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return (metrics.find((metric) => metric.name === "TaskDuration")?.value ?? 0) * 1_000;
}

const drawnOf = async (page: Page, selector: string): Promise<number> =>
  Number(await page.locator(selector).getAttribute("data-drawn", { timeout: 20_000 }));

describe("the console at scale", { skip }, () => {
  test("5,000 nodes are painted within 1.5 s, and an update of all of them costs less than 50 ms", async (context) => {
    await using fleet = await startConsoleFleet({ seed: SEED, nodes: 5_000, farms: 6, frames: 4_096, windows: 30 });
    await withBrowser(async (browser) => {
      const paints: number[] = [];
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
        await page.goto(fleet.url);
        await page.waitForFunction(() => performance.getEntriesByName("fleet-drawn").length > 0);
        paints.push(await page.evaluate(() => performance.getEntriesByName("fleet-drawn")[0]!.startTime));
        await page.close();
      }
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      await page.goto(fleet.url);
      await page.waitForFunction(() => performance.getEntriesByName("fleet-drawn").length > 0);
      const session = await page.context().newCDPSession(page);
      await session.send("Performance.enable");
      const updates: number[] = [];
      for (let attempt = 0; attempt < TRIES + 2; attempt++) {
        await page.waitForTimeout(600);
        const drawn = await drawnOf(page, "canvas.fleet");
        const beforeMs = await mainThreadMs(session);
        await fleet.update();
        const after = await eventually(
          10_000,
          () => drawnOf(page, "canvas.fleet"),
          (now) => now > drawn,
        );
        await page.waitForTimeout(900);
        const draws = (await drawnOf(page, "canvas.fleet")) - drawn;
        updates.push(((await mainThreadMs(session)) - beforeMs) / Math.max(1, draws));
        assert.ok(after > drawn);
      }
      context.diagnostic(`first paint ${rounded(paints)} ms, update ${rounded(updates)} ms of main thread`);
      assert.ok(Math.min(...paints) < FIRST_PAINT_MS_MAX, `first paint after ${rounded(paints)} ms`);
      assert.ok(Math.min(...updates) < UPDATE_MS_MAX, `an update took ${rounded(updates)} ms`);
    });
  });

  test("16 million frames are drawn within 500 ms once they are there, and dragging stays smooth", async (context) => {
    const frames = 16 * 2 ** 20;
    await using fleet = await startConsoleFleet({ seed: SEED, nodes: 1, farms: 1, frames, windows: 3 });
    await withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 1280, height: 1_400 } });
      await page.goto(`${fleet.url}/#/nodes/edge-0000`);
      const map = page.locator(".page-map-row > canvas");
      await eventually(
        60_000,
        () => drawnOf(page, ".page-map-row > canvas"),
        (drawn) => drawn > 0,
      );
      const numberOf = async (name: string): Promise<number> => Number(await map.getAttribute(name));
      const whole = (await numberOf("data-paint-ms")) + (await numberOf("data-draw-ms"));
      await page.getByRole("button", { name: "Zoom in" }).click();
      const zoom = page.locator(".page-map .buttons button").nth(1);
      for (let step = 0; step < 4; step++) await zoom.click();
      await page.waitForTimeout(1_500);
      const single = (await numberOf("data-paint-ms")) + (await numberOf("data-draw-ms"));
      const box = (await map.boundingBox())!;
      const draws: number[] = [];
      await page.mouse.move(box.x + 200, box.y + 380);
      await page.mouse.down();
      for (let step = 1; step <= 20; step++) {
        await page.mouse.move(box.x + 200, box.y + 380 - step * 15);
        draws.push(await numberOf("data-draw-ms"));
      }
      await page.mouse.up();
      context.diagnostic(`whole ${whole.toFixed(0)} ms, closer ${single.toFixed(0)} ms, drag ${rounded(draws)} ms`);
      assert.ok(whole < DRAW_MS_MAX, `the whole map took ${whole} ms`);
      assert.ok(single < DRAW_MS_MAX, `closer it took ${single} ms`);
      const median = draws.sort((a, b) => a - b)[draws.length >> 1]!;
      assert.ok(median < PAN_MS_MAX, `a step of a drag took ${median} ms`);
    });
  });
});

const rounded = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(", ");
