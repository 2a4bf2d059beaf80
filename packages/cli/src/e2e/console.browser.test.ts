import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { whyNoBpf } from "@farmscope/node-emitter/bpf";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import type { Page } from "playwright-core";
import { collectComplaints, findChromium, launchChromium, overflowOf } from "./chromium.ts";
import { CliProcess, eventually } from "./harness.ts";

const browserPath = findChromium();
/** The page map itself; the strip beside it is another canvas. */
const MAP = ".page-map-row > canvas";
const skip = NatsServer.missing() ?? RedisServer.missing() ?? (browserPath === null ? "no Chromium found" : false);
const SCREENSHOTS = fileURLToPath(new URL("../../../../.cache/screenshots/", import.meta.url));
const ARGUMENTS = (await whyNoBpf()) === null ? ["up", "--source", "bpf"] : ["up", "--source", "synthetic"];

interface Picture {
  readonly colours: readonly string[];
  readonly drawn: number;
}

test("the console shows this machine's page map, with its legend, and a latency chart that moves", {
  skip,
}, async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await using up = await CliProcess.start(ARGUMENTS);
  await eventually(
    90_000,
    async () => (await fetch(`${up.url}/api/v1/nodes`)).json() as Promise<{ total: number }>,
    (answer) => answer.total > 0,
  );
  const browser = await launchChromium(browserPath!);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const complaints = collectComplaints(page);
    await page.goto(up.url);
    await page.locator("canvas.fleet").waitFor();
    await page.locator(".tile-value").first().waitFor();
    await page.locator("tbody tr a").first().click();
    const map = page.locator(MAP);
    await map.waitFor();
    const first = await eventually(
      30_000,
      () => pictureOf(page),
      (picture) => picture.drawn > 0,
    );
    const legend = await page.locator(".legend li").allTextContents();
    for (const word of ["allocated", "per-CPU", "free"]) {
      assert.ok(
        legend.some((label) => label.toLowerCase().includes(word.toLowerCase())),
        `${word} in ${legend.join(", ")}`,
      );
    }
    assert.ok(first.colours.length >= 4, `several states are drawn: ${first.colours.join(" ")}`);
    await eventually(
      30_000,
      () => pictureOf(page),
      (picture) => picture.drawn > first.drawn + 1,
    );
    const chart = page.locator(".chart");
    const points = async (): Promise<number> => Number((await chart.getAttribute("data-points")) ?? 0);
    const early = await eventually(60_000, points, (count) => count > 0);
    await eventually(60_000, points, (count) => count > early);
    await page.screenshot({ path: `${SCREENSHOTS}node-1280.png`, fullPage: true });
    await page.setViewportSize({ width: 400, height: 860 });
    await page.reload();
    await map.waitFor();
    await eventually(
      30_000,
      () => pictureOf(page),
      (picture) => picture.drawn > 0,
    );
    await page.screenshot({ path: `${SCREENSHOTS}node-400.png`, fullPage: true });
    assert.equal(await overflowOf(page), 0, "nothing is wider than a phone");
    await page.goto(`${up.url}/#/`);
    await page.locator("canvas.fleet").waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}fleet-400.png`, fullPage: true });
    assert.equal(await overflowOf(page), 0);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.screenshot({ path: `${SCREENSHOTS}fleet-1280-dark.png`, fullPage: true });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

async function pictureOf(page: Page): Promise<Picture> {
  return await page.locator(MAP).evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const drawn = Number(canvas.dataset["drawn"] ?? 0);
    if (drawn === 0) return { colours: [], drawn };
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set<string>();
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] === 255) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    return { colours: [...colours], drawn };
  });
}
