import { existsSync } from "node:fs";

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
