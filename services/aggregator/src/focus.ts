import type { EventLog } from "@farmscope/log";
import { ControlRecordSchema, fromBinary } from "@farmscope/proto";
import { type Clock, type Logger, messageOf, OperatingError, retrying } from "@farmscope/runtime";

const RECORDS_MAX = 256;
const WAIT_MS = 1_000;
/** Most nodes in focus at a time; further requests wait until one ends. */
export const FOCUSED_NODES_MAX = 256;

/** Which nodes somebody wants to see the page map of, as fs.control says. Only what the store shows depends on it. */
export class Focus {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #untilMs = new Map<string, number>();

  constructor(log: EventLog, clock: Clock, logger: Logger) {
    this.#log = log;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Nodes in focus now. */
  nodes(): string[] {
    const nowMs = this.#clock.nowMs();
    for (const [node, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(node);
    return [...this.#untilMs.keys()];
  }

  /** Follows fs.control until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await retrying(this.#clock, () => this.#follow(signal), {
        signal,
        onFailure: (error, attempt) => this.#logger.warn({ code: error.code, attempt }, messageOf(error)),
      });
    } catch (error) {
      if (!(error instanceof OperatingError) || error.code !== "ABORTED") throw error;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const stream = { kind: "control" } as const;
    const { first } = await this.#log.positions(stream);
    const reader = await this.#log.read(stream, { from: first, allowTruncated: true, signal });
    try {
      while (!signal.aborted) {
        for (const { payload } of await reader.next(RECORDS_MAX, WAIT_MS)) this.#apply(payload);
      }
    } finally {
      await reader.close();
    }
  }

  #apply(payload: Uint8Array): void {
    const focus = focusOf(payload);
    if (focus === null) return;
    const untilMs = Number(focus.untilMs);
    if (untilMs <= this.#clock.nowMs()) return;
    if (!this.#untilMs.has(focus.node) && this.nodes().length >= FOCUSED_NODES_MAX) return;
    this.#untilMs.set(focus.node, Math.max(untilMs, this.#untilMs.get(focus.node) ?? 0));
  }
}

/** The focus that a control record asks for; null for all others, and for what is no control record. */
function focusOf(payload: Uint8Array) {
  try {
    const { body } = fromBinary(ControlRecordSchema, payload);
    return body.case === "focus" ? body.value : null;
  } catch {
    return null;
  }
}
