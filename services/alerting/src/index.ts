import { hostname } from "node:os";
import { loadRules } from "@farmscope/alerting-core";
import type { Coordination } from "@farmscope/coordination";
import type { EventLog } from "@farmscope/log";
import type { Clock, Config, Logger } from "@farmscope/runtime";
import type { ViewStore } from "@farmscope/store";
import { Alerting } from "./app.ts";
import type { Notifier } from "./notifiers/port.ts";
import { WebhookNotifier } from "./notifiers/webhook/webhook.ts";

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
export type { DeliveryAnswer, DeliveryRequest, Notifier } from "./notifiers/port.ts";

export interface AlertingParts {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<Config, "rulesDir" | "webhookUrl" | "webhookSecret" | "namespace" | "replicaId">;
}

/**
 * The alerting service, with the rules and targets of the configuration. Nothing runs before `run`.
 * @throws {RulesInvalid} RULES_INVALID with every fault of the rules; CONFIG_INVALID for a webhook that is no address.
 */
export async function createAlerting(parts: AlertingParts): Promise<Alerting> {
  const { config, clock } = parts;
  const rules = await loadRules(config.rulesDir);
  const notifiers: Notifier[] = [];
  if (config.webhookUrl !== "") {
    notifiers.push(new WebhookNotifier({ url: config.webhookUrl, secret: config.webhookSecret, clock }));
  }
  const replicaId = config.replicaId === "" ? `${hostname()}:${process.pid}` : config.replicaId;
  return new Alerting({ ...parts, namespace: config.namespace, replicaId, rules, notifiers });
}
