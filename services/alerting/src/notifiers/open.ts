import { type Environment, readSecret, type TargetConfig } from "@farmscope/alerting-core";
import type { Clock } from "@farmscope/runtime";
import { PagerDutyNotifier } from "./pagerduty/pagerduty.ts";
import type { Notifier } from "./port.ts";
import { SlackNotifier } from "./slack/slack.ts";
import { WebhookNotifier } from "./webhook/webhook.ts";

/**
 * The notifier of a target, with its secrets.
 * @throws {OperatingError} CONFIG_INVALID when one is missing, or is not what it should be.
 */
export async function openNotifier(target: TargetConfig, environment: Environment, clock: Clock): Promise<Notifier> {
  const { name, kind, address, secret } = target;
  const read = async (source: TargetConfig["secret"], what: string): Promise<string> =>
    source === null ? "" : await readSecret(source, `${what} of ${name}`, environment);
  const url = await read(address, "the address");
  if (kind === "slack") return new SlackNotifier({ target, url, clock });
  if (kind === "webhook") return new WebhookNotifier({ target, url, secret: await read(secret, "the secret"), clock });
  const routingKey = await read(secret, "the routing key");
  return new PagerDutyNotifier({ target, routingKey, clock, ...(url === "" ? {} : { url }) });
}
