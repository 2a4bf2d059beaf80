import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ConsoleFleet, startConsoleFleet } from "@farmscope/query-api/console-fixture";
import type { Browser, Page } from "playwright-core";
import { findChromium, launchChromium, overflowOf } from "./chromium.ts";

const browserPath = findChromium();
const skip = browserPath === null ? "no Chromium found" : false;
const SCREENSHOTS = fileURLToPath(new URL("../../../../.cache/screenshots/", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SEED = 411;

/** Every view by its address, and what says that it is there. */
const VIEWS = {
  fleet: { address: "#/", there: "canvas.fleet[data-drawn]" },
  farm: { address: "#/farms/lathe", there: ".chart[data-points]" },
  node: { address: "#/nodes/edge-0000", there: ".page-map-row > canvas[data-drawn]" },
  page: { address: "#/nodes/edge-0000?zoom=-3&pfn=9000", there: ".page-map-row > canvas[data-drawn]" },
  alerts: { address: "#/alerts", there: ".timeline .stretch" },
  replay: { address: "#/replay", there: "form.form" },
  status: { address: "#/status", there: "table" },
} as const;

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** What axe finds serious or critical, with where it is. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const violations = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
  )) as Violation[];
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

async function inConsole(
  options: { nodes: number; farms: number },
  work: (page: Page, fleet: ConsoleFleet, browser: Browser) => Promise<void>,
): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await using fleet = await startConsoleFleet({ seed: SEED, frames: 65_536, windows: 85, ...options });
  const browser = await launchChromium(browserPath!);
  try {
    await work(await browser.newPage({ viewport: { width: 1280, height: 900 } }), fleet, browser);
  } finally {
    await browser.close();
  }
}

describe("the console's views", { skip }, () => {
  test("each is whole on a desk and on a phone, dark and light, and axe finds nothing serious", () =>
    inConsole({ nodes: 300, farms: 6 }, async (page, fleet) => {
      for (const [name, { address, there }] of Object.entries(VIEWS)) {
        for (const width of [1280, 400]) {
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width, height: 900 });
            await page.goto("about:blank");
            await page.goto(`${fleet.url}/${address}`);
            await page.locator(there).first().waitFor();
            await page.waitForTimeout(300);
            assert.equal(await overflowOf(page), 0, `${name} at ${width} px is no wider than its window`);
            assert.deepEqual(await seriousFaults(page), [], `${name} at ${width} px, ${colorScheme}`);
            await page.screenshot({ path: `${SCREENSHOTS}${name}-${width}-${colorScheme}.png`, fullPage: true });
          }
        }
      }
    }));

  test("are worked by keys: fleet to node, back in time and to now, from view to view", () =>
    inConsole({ nodes: 12, farms: 2 }, async (page, fleet) => {
      const at = (): string => new URL(page.url()).hash;
      await page.goto(fleet.url);
      await page.locator("canvas.fleet[data-drawn]").focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await page.locator(".tooltip").waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".time-slider").waitFor();
      assert.match(at(), /^#\/nodes\/edge-\d+$/);
      await page.keyboard.press("ArrowLeft");
      await page.locator(".time-slider.past").waitFor();
      assert.match(at(), /at=\d{4}-/);
      await page.keyboard.press("l");
      await page.locator(".time-slider.past").waitFor({ state: "detached" });
      await page.keyboard.press("2");
      await page.getByRole("heading", { name: "Timeline" }).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("edge-0003");
      await page.keyboard.press("Enter");
      await page.waitForURL(/nodes\/edge-0003/);
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    }));

  test("a link holds zone, zoom and frame; a click on the map names the frame in the address", () =>
    inConsole({ nodes: 2, farms: 1 }, async (page, fleet) => {
      await page.goto(`${fleet.url}/#/nodes/edge-0000?zone=DMA32&zoom=-3&pfn=40`);
      const map = page.locator(".page-map-row > canvas[data-drawn]");
      await map.waitFor();
      await page.getByText("page frame 40 (0x28)").waitFor();
      await map.click({ position: { x: 4, y: 4 } });
      await page.waitForURL(/pfn=0(&|$)/);
      await page.getByRole("heading", { name: /Page frame 0/ }).waitFor();
    }));

  test("say what is not there: no node yet, a node that nobody knows, a connection that is lost", async () => {
    await inConsole({ nodes: 0, farms: 0 }, async (page, fleet) => {
      await page.goto(fleet.url);
      await page.getByRole("heading", { name: "No node has spoken yet" }).waitFor();
      await page.goto(`${fleet.url}/#/nodes/nobody`);
      await page.getByText('No node "nobody" is known.').waitFor();
      await page.goto(`${fleet.url}/#/farms/none`);
      await page.getByText('There is no farm "none" yet').waitFor();
    });
    await inConsole({ nodes: 3, farms: 1 }, async (page, fleet, browser) => {
      await page.goto(`${fleet.url}/#/nodes/edge-0001`);
      await page.locator(".tile-value").first().waitFor();
      await page.context().setOffline(true);
      await fleet[Symbol.asyncDispose]();
      await page.getByText("connection lost").waitFor();
      await page
        .getByText(/^Not fresh:/)
        .first()
        .waitFor();
      assert.ok(await page.locator(".tile-value").first().isVisible(), "the last known figures stay");
      await browser.close();
    });
  });
});
