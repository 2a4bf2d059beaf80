import { checkRuleTexts } from "@farmscope/alerting-core";
import { OperatingError } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { matcherRecord, silenceOf } from "../measure/control.ts";
import { rfc3339 } from "../period.ts";
import { notFound } from "../problems.ts";
import {
  AckAnswer,
  AckRequest,
  OperationId,
  RulesAnswer,
  SilenceAnswer,
  SilenceRequest,
  SilencesAnswer,
  SilencesQuery,
} from "../schemas/index.ts";
import { appendControl, newId, parseTimes } from "../write/operations.ts";
import { type App, declare } from "./route.ts";

const idParams = Type.Object({ id: OperationId });
const READ = { role: "read" } as const;
const OPERATE = { role: "operate" } as const;
const PATH = "/api/v1/silences";

/** What people say to alerting: silences and acknowledgements; and the rules that it goes by. */
export function silenceRoutes(app: App, context: QueryContext): void {
  listSilences(app, context);
  changeSilences(app, context);
  acknowledge(app, context);
  listRules(app, context);
}

function standingOf({ clock, controlled }: QueryContext) {
  return { coverage: 1, at: rfc3339(clock.nowMs()), position: controlled.book.position };
}

function listSilences(app: App, context: QueryContext): void {
  const { clock, controlled } = context;
  const list = declare({
    summary: "Silences, by their start",
    tag: "alerts",
    querystring: SilencesQuery,
    answer: SilencesAnswer,
  });
  app.get(PATH, { config: READ, schema: list }, async (request): Promise<SilencesAnswer> => {
    await controlled.refresh();
    const all = controlled.book.silences.all().map((known) => silenceOf(known, clock.nowMs()));
    const silences = request.query.expired === true ? all : all.filter(({ state }) => state !== "expired");
    return { ...standingOf(context), silences };
  });
}

function changeSilences(app: App, context: QueryContext): void {
  const { clock, control, controlled } = context;
  const shown = (id: string) => ({
    ...standingOf(context),
    silence: silenceOf(controlled.book.silences.get(id)!, clock.nowMs()),
  });

  const put = declare({
    summary: "Silences the alerts that all matchers match",
    tag: "alerts",
    body: SilenceRequest,
    answer: SilenceAnswer,
    status: 201,
  });
  app.post(PATH, { config: OPERATE, schema: put }, async (request, reply) => {
    const { id = newId(), matchers, starts, ends, comment = "" } = request.body;
    const times = parseTimes({ starts, ends }, { starts: clock.nowMs(), ends: 0 });
    const [startsMs, endsMs] = [BigInt(times.starts), BigInt(times.ends)];
    const value = { id, matchers: matchers.map(matcherRecord), startsMs, endsMs, createdBy: request.asker, comment };
    await appendControl(control, controlled, { case: "silence", value }, request.asker);
    if (controlled.book.silences.get(id) === null) throw full();
    void reply.code(201);
    return shown(id);
  });

  const end = declare({ summary: "Ends a silence", tag: "alerts", params: idParams, answer: SilenceAnswer });
  app.delete(`${PATH}/:id`, { config: OPERATE, schema: end }, async (request) => {
    const { id } = request.params;
    await controlled.refresh();
    const known = controlled.book.silences.get(id);
    if (known === null) throw notFound("silence", id);
    const nowMs = BigInt(clock.nowMs());
    const { silence } = known;
    if (silence.endsMs > nowMs) {
      const startsMs = silence.startsMs < nowMs ? silence.startsMs : nowMs;
      const value = { ...silence, startsMs, endsMs: nowMs > startsMs ? nowMs : startsMs + 1n };
      await appendControl(control, controlled, { case: "silence", value }, request.asker);
    }
    return shown(id);
  });
}

function full(): OperatingError {
  return new OperatingError("OVERLOADED", "there are as many silences as may be", { remedy: "end some of them" });
}

function acknowledge(app: App, context: QueryContext): void {
  const { alerts, control, controlled } = context;
  const schema = declare({
    summary: "Says that somebody looks after an incident, or takes it back",
    tag: "alerts",
    params: Type.Object({
      id: Type.String({ minLength: 1, maxLength: 256, description: "Incident, or id of an alert event." }),
    }),
    body: AckRequest,
    answer: AckAnswer,
  });
  app.post("/api/v1/alerts/:id/ack", { config: OPERATE, schema }, async (request): Promise<AckAnswer> => {
    await alerts.catchUp();
    const { id } = request.params;
    const { active, events } = alerts.state();
    const found = [...active, ...events].find((event) => event.incident === id || event.id === id);
    if (found === undefined) throw notFound("alert", id);
    const { comment = "", withdrawn = false } = request.body;
    const { incident } = found;
    const value = { incident, comment, withdrawn };
    await appendControl(control, controlled, { case: "acknowledgement", value }, request.asker);
    const known = controlled.book.acknowledgements.of(incident);
    const by = known?.place.by ?? request.asker;
    return { ...standingOf(context), incident, acknowledged: known !== null, by, comment };
  });
}

function listRules(app: App, context: QueryContext): void {
  const { alerts, controlled } = context;
  const schema = declare({ summary: "The alert rules in force", tag: "alerts", answer: RulesAnswer });
  app.get("/api/v1/rules", { config: READ, schema }, async (): Promise<RulesAnswer> => {
    await Promise.all([controlled.refresh(), alerts.catchUp()]);
    const inForce = controlled.book.rules;
    const files = inForce?.rules.files.map(({ name, text }) => ({ name, text })) ?? [];
    const { rules } = checkRuleTexts(new Map(files.map(({ name, text }) => [name, text])));
    const { active } = alerts.state();
    return {
      ...standingOf(context),
      sinceMs: inForce?.place.appendedAtMs ?? null,
      files,
      rules: rules.map(({ name, group, signal, by, intervalMs, windowMs, measure }) => ({
        group,
        rule: name,
        signal,
        by,
        intervalMs,
        windowMs,
        quantile: measure.kind === "quantile" ? measure.quantile : null,
        active: active.filter((event) => event.rule === name).length,
      })),
    };
  });
}
