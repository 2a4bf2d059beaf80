import { ControlFollower } from "@farmscope/control";
import type { EventLog } from "@farmscope/log";
import type { ControlRecord } from "@farmscope/proto";
import type { Clock, Logger } from "@farmscope/runtime";

/** Most nodes in focus at a time; further requests wait until one ends. */
export const FOCUSED_NODES_MAX = 256;

/** Which nodes somebody wants to see the page map of, as fs.control says. Only what the store shows depends on it. */
export class Focus {
  readonly #clock: Clock;
  readonly #follower: ControlFollower;
  readonly #untilMs = new Map<string, number>();

  constructor(log: EventLog, clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#follower = new ControlFollower({ log, clock, logger, onRecord: (record) => this.#apply(record) });
  }

  /** Nodes in focus now. */
  nodes(): string[] {
    const nowMs = this.#clock.nowMs();
    for (const [node, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(node);
    return [...this.#untilMs.keys()];
  }

  /** Follows fs.control until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#follower.follow(signal);
  }

  #apply({ body }: ControlRecord): void {
    if (body.case !== "focus") return;
    const { node } = body.value;
    const untilMs = Number(body.value.untilMs);
    if (untilMs <= this.#clock.nowMs()) return;
    if (!this.#untilMs.has(node) && this.nodes().length >= FOCUSED_NODES_MAX) return;
    this.#untilMs.set(node, Math.max(untilMs, this.#untilMs.get(node) ?? 0));
  }
}
