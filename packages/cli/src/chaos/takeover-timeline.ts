/** When a survivor was how far with one partition, in wall milliseconds; undefined: not yet. */
export interface Stages {
  leasedMs?: number;
  /** Its state stands as the checkpoint says, or begins with the retained log. */
  restoredMs?: number;
}

/** Reads from what aggregators say how they take partitions over. */
export class TakeoverTimeline {
  #stages = new Map<number, Stages>();

  /** Forgets what was. */
  begin(): void {
    this.#stages = new Map();
  }

  of(partition: number): Stages {
    return this.#stages.get(partition) ?? {};
  }

  /** @param line of a log. */
  take(line: string): void {
    const said = parse(line);
    if (said === null) return;
    const { atMs, lease, partition, msg } = said;
    if (msg === "took over" && lease?.startsWith("p") === true) this.#of(Number(lease.slice(1))).leasedMs ??= atMs;
    const isRestored = msg === "goes on from a checkpoint" || msg === "folds the retained log";
    if (isRestored && partition !== undefined) this.#of(partition).restoredMs ??= atMs;
  }

  #of(partition: number): Stages {
    const stages = this.#stages.get(partition) ?? {};
    this.#stages.set(partition, stages);
    return stages;
  }
}

function parse(line: string) {
  try {
    const { time, lease, partition, msg } = JSON.parse(line) as Partial<Record<"time" | "lease" | "msg", string>> & {
      readonly partition?: number;
    };
    return { atMs: Date.parse(time ?? ""), lease, partition, msg };
  } catch {
    return null;
  }
}
