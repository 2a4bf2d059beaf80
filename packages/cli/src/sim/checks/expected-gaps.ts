import { HELD_BATCHES_MAX, REORDER_WAIT_MS } from "@farmscope/domain";
import { TICK_KEY } from "@farmscope/history";
import type { LogRecord } from "@farmscope/log";
import { EventRecordSchema, fromBinary } from "@farmscope/proto";

interface Life {
  readonly start: number;
  /** Append time by sequence number, of what waits for one before it. */
  readonly held: Map<number, number>;
  next: number;
}

/**
 * How many batches of each node must be declared lost, by a plain reading of the rule: a batch waits for those before
 * it until the watermark is 10 s past its append time at a tick, 1,024 wait, or its emitter begins anew.
 */
export function expectedGaps(records: readonly LogRecord[]): Map<string, number> {
  const gaps = new Map<string, number>();
  const lives = new Map<string, Life>();
  let watermarkMs = 0;
  const give = (node: string, life: Life): void => {
    const first = Math.min(...life.held.keys());
    gaps.set(node, (gaps.get(node) ?? 0) + first - life.next);
    life.next = first;
    release(life);
  };
  for (const { key, payload, appendedAtMs } of records) {
    watermarkMs = Math.max(watermarkMs, appendedAtMs);
    if (key === TICK_KEY) {
      for (const [node, life] of lives) {
        while (life.held.size > 0 && watermarkMs >= Math.min(...life.held.values()) + REORDER_WAIT_MS) give(node, life);
      }
      continue;
    }
    const { node, start, seq } = identityOf(payload);
    let life = lives.get(node);
    if (life !== undefined && start < life.start) continue;
    if (life === undefined || start > life.start) {
      while (life !== undefined && life.held.size > 0) give(node, life);
      life = { start, held: new Map(), next: 0 };
      lives.set(node, life);
    }
    if (seq < life.next || life.held.has(seq)) continue;
    life.held.set(seq, appendedAtMs);
    release(life);
    if (life.held.size >= HELD_BATCHES_MAX) give(node, life);
  }
  return gaps;
}

function release(life: Life): void {
  while (life.held.delete(life.next)) life.next++;
}

function identityOf(payload: Uint8Array) {
  const { body } = fromBinary(EventRecordSchema, payload);
  if (body.case !== "batch" || body.value.identity === undefined) throw new Error("emitters append batches only");
  const { node, start, seq } = body.value.identity;
  return { node, start: Number(start), seq };
}
