/** Runs a share of the seeds in a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { canaryNamed } from "./canaries.ts";
import { simulate } from "./simulate.ts";

/** What a thread is told to do: seeds `first`, `first + step`, … below `end`. */
export interface Share {
  readonly first: number;
  readonly end: number;
  readonly step: number;
  readonly canary: string | null;
  /** Ends with the first run that violates something. */
  readonly untilFound: boolean;
}

if (parentPort !== null) {
  const { first, end, step, canary, untilFound } = workerData as Share;
  const bug = canary === null ? null : canaryNamed(canary);
  for (let seed = first; seed < end; seed += step) {
    const outcome = await simulate(seed, bug);
    parentPort.postMessage(outcome);
    if (untilFound && outcome.violations.length > 0) break;
  }
}
