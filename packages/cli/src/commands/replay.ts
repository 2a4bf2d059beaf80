import { type ReplayProgress, replay as replayRange } from "@farmscope/history";
import { type Config, createLogger, OperatingError } from "@farmscope/runtime";
import { Keys, openStore } from "@farmscope/store";
import { defineCommand } from "../command.ts";
import type { Output } from "../output.ts";
import { openPorts } from "../ports.ts";
import { runningConfig } from "../running.ts";
import { untilSignal } from "../signals.ts";

/** As the setting `namespace` in packages/runtime/src/config.ts. */
const NAMESPACE = /^[a-z][a-z0-9-]{0,31}$/;
const PROGRESS_INTERVAL_MS = 2_000;

export const replay = defineCommand({
  description:
    "Folds a past range of the log again, by the live code, into a scratch namespace of the store, where the query API " +
    "can read it (--namespace). With --farm only that farm's windows and nodes are written. Begins at the checkpoint at " +
    "or before the range. Ctrl-C ends it and says so there.",
  flags: {
    from: { kind: "text", placeholder: "TIME", required: true, description: "RFC 3339, or Unix milliseconds." },
    to: {
      kind: "text",
      placeholder: "TIME",
      required: true,
      description: "The same; windows from it on are left out.",
    },
    into: { kind: "text", placeholder: "NAME", required: true, description: "The namespace becomes <namespace>-NAME." },
    nodes: { kind: "text", placeholder: "A,B", description: "Only these nodes." },
    speed: {
      kind: "text",
      choices: ["max", "1", "10"],
      default: "max",
      description: "As fast as it goes, or so many times as fast as it happened.",
    },
  },
  async run({ flags, config, origins, clock, output }) {
    const settings = runningConfig(config);
    const range = { fromMs: timeOf("from", flags.from), toMs: timeOf("to", flags.to) };
    if (range.fromMs >= range.toMs) throw new OperatingError("USAGE", "--from must lie before --to");
    const namespace = scratchNamespace(settings, flags.into);
    const logger = createLogger("replay", settings.logLevel);
    const ports = await openPorts(settings, clock, logger);
    const store = await openStore({ url: settings.redisUrl, namespace, clock, logger });
    const stopped = untilSignal();
    try {
      const done = await replayRange(
        {
          log: ports.log,
          store,
          keys: new Keys(namespace),
          clock,
          logger,
          namespace: settings.namespace,
          partitions: settings.partitions,
          range,
          speed: flags.speed === "max" ? "max" : Number(flags.speed),
          ...(flags.nodes === undefined ? {} : { nodes: new Set(flags.nodes.split(",")) }),
          // The setting of that name, but only where it was asked for on this command line.
          ...(origins.farm.source === "flag" ? { farm: settings.farm } : {}),
          onProgress: progressPrinter(output, () => clock.monotonicMs()),
        },
        stopped,
      );
      output.answer({ ...done, namespace }, () => lineOf(done));
      return done.state === "complete" ? 0 : 1;
    } finally {
      await Promise.allSettled([ports.close(), store.close()]);
    }
  },
});

function timeOf(flag: string, text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new OperatingError("USAGE", `--${flag} ${text} is no time`, {
    remedy: "write 2026-01-31T14:05:00Z, or Unix milliseconds",
  });
}

function scratchNamespace(config: Config, name: string): string {
  const namespace = `${config.namespace}-${name}`;
  if (NAMESPACE.test(namespace)) return namespace;
  throw new OperatingError("USAGE", `${namespace} is no namespace`, {
    remedy: "use small letters, digits and hyphens for --into, 32 characters with the namespace at most",
  });
}

function progressPrinter(output: Output, nowMs: () => number): (progress: ReplayProgress) => void {
  let printedMs = nowMs();
  return (progress) => {
    if (progress.state === "running" && nowMs() - printedMs < PROGRESS_INTERVAL_MS) return;
    printedMs = nowMs();
    output.note(lineOf(progress));
  };
}

function lineOf({ state, fromMs, toMs, atMs, events, windows, eventsPerS }: ReplayProgress): string {
  const share = Math.round(Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs))) * 100);
  return `${state}: ${share} %, ${events} events, ${windows} windows, ${eventsPerS} events a second`;
}
