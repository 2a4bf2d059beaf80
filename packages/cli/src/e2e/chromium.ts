import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Path of a Chromium to test the console with, or null.
 * @throws when there is none and FARMSCOPE_REQUIRE names "chromium".
 */
export function findChromium(): string | null {
  const override = process.env["FARMSCOPE_CHROMIUM"];
  const found = [...(override ? [override] : []), ...PLACES].find((path) => existsSync(path)) ?? null;
  if (found === null && (process.env["FARMSCOPE_REQUIRE"] ?? "").split(",").includes("chromium")) {
    throw new Error("Chromium is required and was not found");
  }
  return found;
}

export async function launchChromium(executablePath: string): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
  });
}

/** What a page complains of from now on: errors that nobody caught, and errors on its console. */
export function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return complaints;
}

/** Pixels by which the page is wider than its window. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth));
}
