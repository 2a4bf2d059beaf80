import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batch, BatchSchema, create, DeadLetterReason } from "@farmscope/proto";
import { PAGE_EVENTS_MAX } from "../page/columns.ts";
import { partitionOf } from "../partition.ts";
import {
  contentFault,
  FRAMES_MAX,
  identityFault,
  NAME_CHARACTERS_MAX,
  partitionFault,
  REPEATED_MAX,
} from "./batch-limits.ts";

type BatchInit = Exclude<Parameters<typeof create<typeof BatchSchema>>[1], Batch | undefined>;

function batch(parts: BatchInit = {}) {
  return create(BatchSchema, { identity: { node: "n", boot: "b", start: 1n, seq: 0 }, farm: "f", clock: {}, ...parts });
}

test("a batch at every limit passes, and one past it does not", () => {
  const zone = (spanned: number) => ({ facts: { maxOrder: 10, hugeOrder: 9, zones: [{ startPfn: 0, spanned }] } });
  const pauses = (length: number) => ({ gcPauses: Array.from({ length }, () => ({})) });
  const pages = (count: number) => ({ pages: { count, codec: 1 } });
  const cases = [
    [pages(PAGE_EVENTS_MAX), pages(PAGE_EVENTS_MAX + 1)],
    [pauses(REPEATED_MAX), pauses(REPEATED_MAX + 1)],
    [zone(FRAMES_MAX), zone(FRAMES_MAX + 1)],
  ];
  for (const [inside, outside] of cases) {
    assert.equal(contentFault(batch(inside)), null);
    assert.equal(contentFault(batch(outside))?.reason, DeadLetterReason.OVER_LIMIT);
  }
  assert.equal(identityFault(batch({ farm: "f".repeat(NAME_CHARACTERS_MAX) })), null);
  const long = identityFault(batch({ farm: "f".repeat(NAME_CHARACTERS_MAX + 1) }));
  assert.equal(long?.reason, DeadLetterReason.OVER_LIMIT);
});

test("a batch that does not say who sent it, or when, is malformed", () => {
  for (const parts of [{ farm: "" }, { identity: { node: "", boot: "b" } }]) {
    assert.equal(identityFault(batch(parts))?.reason, DeadLetterReason.MALFORMED);
  }
  assert.equal(identityFault(create(BatchSchema, {}))?.reason, DeadLetterReason.MALFORMED);
});

test("columns in a codec that is not known are of an unknown version", () => {
  assert.equal(contentFault(batch({ pages: { codec: 2 } }))?.reason, DeadLetterReason.UNKNOWN_VERSION);
  assert.equal(contentFault(batch({ runq: { codec: 0 } }))?.reason, DeadLetterReason.UNKNOWN_VERSION);
});

test("a node is at home in one partition only", () => {
  const home = partitionOf("n", 4);
  assert.equal(partitionFault("n", home, 4), null);
  assert.equal(partitionFault("n", (home + 1) % 4, 4)?.reason, DeadLetterReason.WRONG_PARTITION);
});
