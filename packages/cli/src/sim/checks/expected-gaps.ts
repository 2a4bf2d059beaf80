import { HELD_BATCHES_MAX, REORDER_WAIT_MS, TICK_KEY } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { EventRecordSchema, fromBinary } from "@farmscope/proto";

interface Life {
  readonly start: number;
  /** What waits for one before it, by sequence number. */
  readonly held: Map<number, { readonly appendedAtMs: number; readonly sourcePosition: number }>;
  next: number;
}

/**
 * How many batches of each node must be declared lost, by a plain reading of the rule: a batch waits for those before
 * it until the watermark is 10 s past its append time at a tick, 1,024 wait, or its emitter begins anew; what the new
 * start says that it gives again is not lost.
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
        const firstMs = (): number => Math.min(...[...life.held.values()].map((held) => held.appendedAtMs));
        while (life.held.size > 0 && watermarkMs >= firstMs() + REORDER_WAIT_MS) give(node, life);
      }
      continue;
    }
    const { node, start, seq, sourcePosition } = identityOf(payload);
    let life = lives.get(node);
    if (life !== undefined && start < life.start) continue;
    if (life === undefined || start > life.start) {
      if (life !== undefined && seq === 0 && sourcePosition > 0) passOver(life, sourcePosition);
      while (life !== undefined && life.held.size > 0) give(node, life);
      life = { start, held: new Map(), next: 0 };
      lives.set(node, life);
    }
    if (seq < life.next || life.held.has(seq)) continue;
    life.held.set(seq, { appendedAtMs, sourcePosition });
    release(life);
    if (life.held.size >= HELD_BATCHES_MAX) give(node, life);
  }
  return gaps;
}

function passOver({ held }: Life, from: number): void {
  for (const [seq, { sourcePosition }] of held) if (sourcePosition > from) held.delete(seq);
}

function release(life: Life): void {
  while (life.held.delete(life.next)) life.next++;
}

function identityOf(payload: Uint8Array) {
  const { body } = fromBinary(EventRecordSchema, payload);
  if (body.case !== "batch" || body.value.identity === undefined) throw new Error("emitters append batches only");
  const { node, start, seq } = body.value.identity;
  return { node, start: Number(start), seq, sourcePosition: Number(body.value.sourcePosition) };
}
