import { MemoryLog } from "@farmscope/log";
import { createEmitter, TraceWriter } from "@farmscope/node-emitter";
import { createLogger, OperatingError } from "@farmscope/runtime";
import { defineCommand } from "../command.ts";
import { untilSignal } from "../signals.ts";
import { openSource } from "../stack/open-source.ts";
import { SOURCE_FLAGS } from "../stack/source-flags.ts";
import { waitUntil } from "../stack/wait.ts";

/** What one trace may hold before compression; it is gathered in memory. */
const TRACE_BYTES_MAX = 256 * 2 ** 20;

export const record = defineCommand({
  description:
    "Records what this machine's kernel says, with its first full observation, as a trace that `up --source trace` " +
    "plays again. Nothing else needs to run.",
  flags: {
    out: { kind: "text", placeholder: "FILE", required: true, description: "File to write." },
    for: { kind: "number", minimum: 1, maximum: 3600, default: 10, placeholder: "SECONDS", description: "How long." },
    comment: { kind: "text", default: "", description: "Free words kept in the trace." },
    as: { kind: "text", default: "recorded", description: "Id of the node in the trace." },
  },
  async run({ flags, config, clock, output }) {
    const logger = createLogger("record", config.logLevel);
    const settings = { ...config, nodeId: flags.as };
    const source = await openSource("bpf", defaultSourceFlags(), settings, clock);
    const header = { node: flags.as, recordedAtMs: clock.nowMs(), comment: flags.comment };
    const writer = new TraceWriter(flags.out, header, TRACE_BYTES_MAX);
    const log = new MemoryLog({ clock, partitions: 1 });
    const onBatch = (batch: { readonly payload: Uint8Array }): void => {
      writer.write(batch.payload);
    };
    const { farm, dataDir } = config;
    const emitter = createEmitter({ log, clock, logger, source, farm, partitions: 1, dataDir, onBatch });
    const over = new AbortController();
    const stopped = untilSignal();
    const running = emitter.run(over.signal).finally(() => over.abort());
    await waitUntil(clock, flags.for * 1_000, async () => stopped.aborted || over.signal.aborted || writer.isFull);
    over.abort();
    await running;
    if (writer.isFull) {
      throw new OperatingError("LOG_MESSAGE_TOO_LARGE", `the trace outgrew ${TRACE_BYTES_MAX} bytes`, {
        remedy: "record for a shorter time",
      });
    }
    const bytes = await writer.close();
    output.answer(
      { file: flags.out, bytes, batches: writer.batches },
      () => `${flags.out}: ${writer.batches} batches in ${bytes} bytes`,
    );
    return 0;
  },
});

function defaultSourceFlags() {
  return {
    source: "bpf",
    nodes: SOURCE_FLAGS.nodes.default,
    "first-node": SOURCE_FLAGS["first-node"].default,
    seed: SOURCE_FLAGS.seed.default,
    events: SOURCE_FLAGS.events.default,
    rate: SOURCE_FLAGS.rate.default,
    "node-mib": SOURCE_FLAGS["node-mib"].default,
    trace: undefined,
    speed: SOURCE_FLAGS.speed.default,
  } as const;
}
