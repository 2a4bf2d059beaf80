import { Worker } from "node:worker_threads";
import type { Outcome } from "./simulate.ts";
import type { Share } from "./worker.ts";

export interface CampaignOptions {
  readonly seed: number;
  readonly runs: number;
  /** Threads; a run is in one of them. */
  readonly jobs: number;
  readonly canary: string | null;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Runs many seeds, shared by threads. No result depends on how they are shared. */
export async function runCampaign({ seed, runs, jobs, canary, onOutcome }: CampaignOptions): Promise<void> {
  const threads = Array.from({ length: Math.min(jobs, runs) }, (_, index) => {
    const share: Share = { first: seed + index, end: seed + runs, step: jobs, canary, untilFound: canary !== null };
    return runShare(share, onOutcome);
  });
  await Promise.all(threads);
}

function runShare(share: Share, onOutcome: (outcome: Outcome) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./worker.ts", import.meta.url), { workerData: share });
    thread.on("message", onOutcome);
    thread.on("error", reject);
    thread.on("exit", () => resolve());
  });
}
