import { readFile } from "node:fs/promises";
import { IMMEDIATE_ROUTE, type InhibitRule, type NotificationRules } from "@farmscope/domain";
import { messageOf, OperatingError } from "@farmscope/runtime";
import { RulesDocument } from "../rules/document.ts";
import { faultText, type RuleFault } from "../rules/faults.ts";
import { parseDurationMs } from "../rules/quantity.ts";
import { structureCheck } from "../rules/structure.ts";
import { buildHeartbeat, buildReceivers, type HeartbeatConfig, type TargetConfig } from "./build-receivers.ts";
import { buildMatchers, buildRoute } from "./build-route.ts";
import { buildTimeIntervals } from "./build-time.ts";
import { RoutingSchema, type RoutingSource } from "./schema.ts";
import type { SecretSource } from "./secret.ts";
import { zoneOffset } from "./zone-offset.ts";

/** Most bytes of a routing document. */
const FILE_BYTES_MAX = 2 ** 20;
/** Receiver of everything where there is no routing document. */
export const DEFAULT_RECEIVER = "default";
const HEARTBEAT_MS_MIN = 1_000;

export interface Heartbeat {
  readonly address: SecretSource;
  readonly intervalMs: number;
}

/** Who is told of what, and where they are. Holds no secret. */
export interface Routing {
  readonly rules: NotificationRules;
  /** Targets by receiver. */
  readonly receivers: ReadonlyMap<string, readonly TargetConfig[]>;
  readonly heartbeat: Heartbeat | null;
}

const isRouting = structureCheck(RoutingSchema);

/** Everything at once to these targets: what there is without a routing document. */
export function immediateRouting(targets: readonly TargetConfig[]): Routing {
  const route = { ...IMMEDIATE_ROUTE, receiver: DEFAULT_RECEIVER };
  return {
    rules: { route, inhibitRules: [], zoneOffset },
    receivers: new Map([[DEFAULT_RECEIVER, targets]]),
    heartbeat: null,
  };
}

/**
 * Reads a routing document.
 * @throws {OperatingError} ROUTING_INVALID, with every fault at its line and column.
 */
export async function loadRouting(file: string): Promise<Routing> {
  const { routing, faults } = checkRouting(file, await readText(file));
  if (routing !== null) return routing;
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  throw new OperatingError("ROUTING_INVALID", [`${count} in the alert routing`, ...faults.map(faultText)].join("\n  "));
}

/** Checks the text of a routing document and reports every fault. */
export function checkRouting(
  file: string,
  text: string,
): { readonly routing: Routing | null; readonly faults: readonly RuleFault[] } {
  const document = new RulesDocument(file, text);
  if (document.faults.length === 0) isRouting(document);
  if (document.faults.length > 0) return { routing: null, faults: document.faults };
  const routing = build(document, document.data as RoutingSource);
  return { routing: document.faults.length > 0 ? null : routing, faults: document.faults };
}

function build(document: RulesDocument, source: RoutingSource): Routing {
  const receivers = buildReceivers(document, source.receivers);
  const intervals = buildTimeIntervals(document, source.time_intervals);
  const route = buildRoute(document, source.route, { receivers: new Set(receivers.keys()), intervals });
  const inhibitRules = (source.inhibit_rules ?? []).map((rule, at): InhibitRule => {
    const path = ["inhibit_rules", at];
    return {
      sourceMatchers: buildMatchers(document, [...path, "source_matchers"], rule.source_matchers),
      targetMatchers: buildMatchers(document, [...path, "target_matchers"], rule.target_matchers),
      equal: rule.equal ?? [],
    };
  });
  const heartbeat = heartbeatOf(document, buildHeartbeat(document, source.heartbeat));
  return { rules: { route, inhibitRules, zoneOffset }, receivers, heartbeat };
}

function heartbeatOf(document: RulesDocument, config: HeartbeatConfig | null): Heartbeat | null {
  if (config === null) return null;
  const intervalMs = parseDurationMs(config.interval);
  if (intervalMs !== null && intervalMs >= HEARTBEAT_MS_MIN) return { address: config.address, intervalMs };
  document.report(["heartbeat", "interval"], `must be at least 1s, not ${config.interval}`);
  return null;
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length <= FILE_BYTES_MAX) return bytes.toString("utf8");
    throw new Error(`it has ${bytes.length} bytes, of at most ${FILE_BYTES_MAX}`);
  } catch (error) {
    throw new OperatingError("ROUTING_INVALID", `the alert routing cannot be read: ${messageOf(error)}`);
  }
}
