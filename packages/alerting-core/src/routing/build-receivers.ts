/** From receivers as they are written to their targets, with the places of their secrets. */
import type { Target, TargetKind } from "../addressing.ts";
import type { RulesDocument } from "../rules/document.ts";
import type { FaultPath } from "../rules/faults.ts";
import type { ReceiverSource, RoutingSource, TargetSource } from "./schema.ts";
import type { SecretSource } from "./secret.ts";

/** A target with where its address and secret are found; which of them it has depends on its kind. */
export interface TargetConfig extends Target {
  /** Null: the vendor's own. */
  readonly address: SecretSource | null;
  /** PagerDuty's routing key, or the key of a webhook's signature. Null: none. */
  readonly secret: SecretSource | null;
}

/** Keys of a kind: the one for its address, the one for its secret, and which of them must be there. */
const KINDS: readonly {
  readonly kind: TargetKind;
  readonly list: "pagerduty_configs" | "slack_configs" | "webhook_configs";
  readonly address: string;
  readonly secret: string;
  readonly needs: "address" | "secret";
}[] = [
  { kind: "pagerduty", list: "pagerduty_configs", address: "url", secret: "routing_key", needs: "secret" },
  { kind: "slack", list: "slack_configs", address: "api_url", secret: "", needs: "address" },
  { kind: "webhook", list: "webhook_configs", address: "url", secret: "secret", needs: "address" },
];

export function buildReceivers(
  document: RulesDocument,
  sources: readonly ReceiverSource[],
): ReadonlyMap<string, readonly TargetConfig[]> {
  const receivers = new Map<string, readonly TargetConfig[]>();
  const targetNames = new Set<string>();
  sources.forEach((source, at) => {
    const path = ["receivers", at];
    if (receivers.has(source.name))
      document.report([...path, "name"], `${source.name} is the name of another receiver`);
    receivers.set(source.name, buildTargets(document, path, source, targetNames));
  });
  return receivers;
}

function buildTargets(
  document: RulesDocument,
  path: FaultPath,
  source: ReceiverSource,
  names: Set<string>,
): readonly TargetConfig[] {
  return KINDS.flatMap((facts) =>
    (source[facts.list] ?? []).map((written, at) => {
      const targetPath = [...path, facts.list, at];
      const fallback = `${source.name}-${facts.kind}${at === 0 ? "" : `-${at + 1}`}`;
      const name = typeof written["name"] === "string" ? written["name"] : fallback;
      if (names.has(name)) document.report([...targetPath, "name"], `${name} is the name of another target`);
      names.add(name);
      const address = buildSource(document, targetPath, written, facts.address);
      const secret = facts.secret === "" ? null : buildSource(document, targetPath, written, facts.secret);
      if ((facts.needs === "address" ? address : secret) === null) {
        const key = facts.needs === "address" ? facts.address : facts.secret;
        document.report(targetPath, `has no '${key}_env' or '${key}_file'`);
      }
      return { name, kind: facts.kind, sendResolved: written["send_resolved"] !== false, address, secret };
    }),
  );
}

/** Where a value is found: written openly, in a file, or in the environment; reports more than one of them. */
export function buildSource(
  document: RulesDocument,
  path: FaultPath,
  written: TargetSource,
  key: string,
): SecretSource | null {
  const given = [key, `${key}_env`, `${key}_file`].filter((name) => typeof written[name] === "string");
  if (given.length > 1) document.report(path, `must not have ${given.join(" and ")} together`);
  const [first] = given;
  if (first === undefined) return null;
  const value = written[first] as string;
  if (first === key) return { from: "value", value };
  return first.endsWith("_env") ? { from: "env", name: value } : { from: "file", path: value };
}

export interface HeartbeatConfig {
  readonly address: SecretSource;
  readonly interval: string;
}

export function buildHeartbeat(document: RulesDocument, source: RoutingSource["heartbeat"]): HeartbeatConfig | null {
  if (source === undefined) return null;
  const address = buildSource(document, ["heartbeat"], source, "url");
  if (address === null) document.report(["heartbeat"], "has no 'url', 'url_env' or 'url_file'");
  const interval = typeof source["interval"] === "string" ? source["interval"] : "1m";
  return address === null ? null : { address, interval };
}
