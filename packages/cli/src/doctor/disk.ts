import { existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Finding } from "./finding.ts";

const GIB = 2 ** 30;
/** Room for everything besides raw events: views, alerts, the store's file and the spool. */
const BESIDES_BYTES = GIB;

/** Whether the disk can hold what the log may grow to. */
export function diskFinding(dataDir: string, logBytesMax: number): Finding {
  const { bavail, bsize } = statfsSync(existingAncestor(resolve(dataDir)));
  const freeBytes = bavail * bsize;
  const wantedBytes = logBytesMax + BESIDES_BYTES;
  const ok = freeBytes >= wantedBytes;
  return {
    group: "data",
    name: "disk",
    ok,
    needed: false,
    detail: `${gib(freeBytes)} free at ${dataDir}, the log may take ${gib(logBytesMax)}`,
    remedy: ok ? null : "choose another --data-dir, or a smaller --log-bytes-max",
  };
}

function existingAncestor(path: string): string {
  return existsSync(path) ? path : existingAncestor(dirname(path));
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
