import { OperatingError } from "@farmscope/runtime";
import type { Commit } from "./port.ts";

/**
 * Most views and series entries that one commit may write or delete. A commit is one script, and the store serves
 * nobody else while it runs: 20,000 writes of 1 KiB take Redis about a fifth of a second.
 */
export const COMMIT_WRITES_MAX = 20_000;

/** Most bytes of values in one commit. Redis holds the request, the script's arguments and the data at the same time. */
export const COMMIT_BYTES_MAX = 64 * 2 ** 20;

/**
 * Refuses a commit that is larger than the store serves in one script. Commits are never split: half a commit would be
 * views without their position.
 * @throws {OperatingError} STORE_COMMIT_TOO_LARGE, not retriable: commit more often.
 */
export function checkBounds(commit: Commit): void {
  const writes = commit.puts.length + commit.deletes.length + commit.series.length;
  let bytes = 0;
  for (const put of commit.puts) bytes += put.value.byteLength;
  for (const write of commit.series) bytes += write.value.byteLength;
  if (writes <= COMMIT_WRITES_MAX && bytes <= COMMIT_BYTES_MAX) return;
  throw new OperatingError(
    "STORE_COMMIT_TOO_LARGE",
    `a commit of ${writes} writes and ${bytes} bytes; at most ${COMMIT_WRITES_MAX} and ${COMMIT_BYTES_MAX} are served`,
    { remedy: "commit fewer log positions at a time, or use more partitions" },
  );
}
