import type { QueryContext } from "../context.ts";
import { meanShare } from "../measure/number.ts";
import { rfc3339 } from "../period.ts";
import { type AlertEventLine, AlertsAnswer, AlertsQuery } from "../schemas/index.ts";
import { type App, declare } from "./route.ts";

const LIMIT_DEFAULT = 100;

/** Alerts: what is pending or firing, and what happened and was sent last. */
export function alertRoutes(app: App, { alerts, clock }: QueryContext): void {
  const schema = declare({
    summary: "Alerts that are active, the newest events and deliveries",
    tag: "alerts",
    querystring: AlertsQuery,
    answer: AlertsAnswer,
  });
  app.get("/api/v1/alerts", { config: { role: "read" }, schema }, async (request): Promise<AlertsAnswer> => {
    const { farm, limit = LIMIT_DEFAULT } = request.query;
    await alerts.catchUp();
    const state = alerts.state();
    const isWanted = (event: AlertEventLine): boolean => farm === undefined || event.labels["farm"] === farm;
    const active = state.active.filter(isWanted);
    const known = new Set(state.events.filter(isWanted).map((event) => event.alertKey));
    return {
      coverage: meanShare(active.map((event) => event.coverage)),
      at: rfc3339(clock.nowMs()),
      position: state.position,
      active,
      events: state.events.filter(isWanted).slice(0, limit),
      deliveries: state.deliveries
        .filter((delivery) => farm === undefined || known.has(delivery.alertKey))
        .slice(0, limit),
    };
  });
}
