import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { BatchContent, canonicalBytes, NodeFold, nodeView } from "@farmscope/domain";
import { decodeTrace } from "@farmscope/node-emitter";
import { EventRecordSchema, fromBinary } from "@farmscope/proto";

/** What the recording came to when it was made (2026-11-22, fold version 1). It must come to that for ever. */
const GOLDEN = {
  hash: "1e9709f81a951c98e93119acdf556cd78d1722e979d99b6993fb825fb9225ebf",
  pages: 278_735,
  runq: 2480,
  gc: 74,
};

test("the recorded batches of a real kernel decode and fold to what they came to when they were recorded", async () => {
  const file = new URL("../../../services/node-emitter/traces/first-light.trace", import.meta.url);
  const { header, records } = await decodeTrace(await readFile(file));
  const fold = new NodeFold(header.node);
  const content = new BatchContent();
  records.forEach((record, index) => {
    const { body } = fromBinary(EventRecordSchema, record);
    assert.ok(body.case === "batch", "a trace holds batches only");
    const { identity } = body.value;
    if (index === 0) fold.begin(identity!.boot, Number(identity!.start), 0);
    content.decode(body.value);
    fold.fold(body.value, content, { position: index + 1, appendedAtMs: header.recordedAtMs, openFromMs: 0 });
  });
  const view = nodeView(fold, { partition: 0, online: true, heldBatches: 0 });
  const hash = createHash("sha256");
  for (const bytes of canonicalBytes([{ view, runs: fold.pages.encodeRuns() }])) hash.update(bytes);
  assert.deepEqual(
    {
      hash: hash.digest("hex"),
      pages: Number(view.pages?.folded),
      runq: Number(view.runq?.folded),
      gc: Number(view.gc?.folded),
    },
    GOLDEN,
  );
  assert.equal(view.observed, true, "the recording begins with a full observation");
});
