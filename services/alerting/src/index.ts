import { hostname } from "node:os";
import {
  type Environment,
  immediateRouting,
  loadRouting,
  loadRules,
  type Routing,
  readSecret,
  type SecretSource,
} from "@farmscope/alerting-core";
import type { Coordination } from "@farmscope/coordination";
import type { EventLog } from "@farmscope/log";
import type { Clock, Config, Logger } from "@farmscope/runtime";
import type { ViewStore } from "@farmscope/store";
import { Alerting } from "./app.ts";
import { Heartbeat } from "./heartbeat.ts";
import { openNotifier } from "./notifiers/open.ts";

export {
  checkRules,
  faultText,
  loadRules,
  type RuleFault,
  type RulesCheck,
  RulesInvalid,
  rulesSchemaText,
} from "@farmscope/alerting-core";
export { ALERT_LEASE, ALERT_ROLE, Alerting, type AlertingOptions, type AlertingStatus } from "./app.ts";
export { openNotifier } from "./notifiers/open.ts";
export type { DeliveryAnswer, DeliveryRequest, Notifier } from "./notifiers/port.ts";

export interface AlertingParts {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<
    Config,
    "rulesDir" | "routingFile" | "webhookUrl" | "webhookSecret" | "namespace" | "replicaId" | "consoleUrl" | "http"
  >;
  /** Where secrets that the routing names are found. Default: none. */
  readonly environment?: Environment;
}

/**
 * The alerting service, with the rules and targets of the configuration. Nothing runs before `run`.
 * @throws {RulesInvalid} RULES_INVALID, ROUTING_INVALID with every fault; CONFIG_INVALID for a target that is none.
 */
export async function createAlerting(parts: AlertingParts): Promise<Alerting> {
  const { config, clock, logger, environment = {} } = parts;
  const rules = await loadRules(config.rulesDir);
  const routing = await routingOf(config);
  const targets = [...routing.receivers.values()].flat();
  const notifiers = await Promise.all(targets.map((target) => openNotifier(target, environment, clock)));
  const heartbeat = await heartbeatOf(routing, environment, clock, logger);
  const replicaId = config.replicaId === "" ? `${hostname()}:${process.pid}` : config.replicaId;
  const consoleUrl = (config.consoleUrl || `http://${config.http}`).replace(/\/+$/, "");
  const { namespace } = config;
  return new Alerting({ ...parts, namespace, replicaId, rules, notifiers, routing, heartbeat, consoleUrl });
}

/** Without a routing document everything goes at once to the webhook, where there is one. */
export async function routingOf(
  config: Pick<Config, "routingFile" | "webhookUrl" | "webhookSecret">,
): Promise<Routing> {
  if (config.routingFile !== "") return await loadRouting(config.routingFile);
  if (config.webhookUrl === "") return immediateRouting([]);
  const address: SecretSource = { from: "value", value: config.webhookUrl };
  const secret: SecretSource | null =
    config.webhookSecret === "" ? null : { from: "value", value: config.webhookSecret };
  return immediateRouting([{ name: "webhook", kind: "webhook", sendResolved: true, address, secret }]);
}

async function heartbeatOf(
  { heartbeat }: Routing,
  environment: Environment,
  clock: Clock,
  logger: Logger,
): Promise<Heartbeat | null> {
  if (heartbeat === null) return null;
  const url = await readSecret(heartbeat.address, "the address of the heartbeat", environment);
  return new Heartbeat({ url, intervalMs: heartbeat.intervalMs, clock, logger });
}
