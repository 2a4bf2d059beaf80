/** Events and wishes for the tests of notifications. Times are seconds. */
import {
  AcknowledgementSchema,
  type AlertEvent,
  AlertEventSchema,
  create,
  MatcherSchema,
  MatchKind,
  NoticeItemSchema,
  NoticeSchema,
  type Silence,
  SilenceSchema,
} from "@farmscope/proto";
import { type ControlBody, controlRecord } from "../../control/control-record.ts";
import { severityValue, transitionValue } from "../event-words.ts";
import type { Transition } from "../lifecycle.ts";
import type { Severity } from "../rule.ts";
import type { IdentifiedEvent } from "./group.ts";
import { LabelMatcher } from "./matcher.ts";
import { type NoticeDecision, NotificationBook } from "./notification-book.ts";
import { IMMEDIATE_ROUTE, type Route } from "./route.ts";

export interface Happening {
  readonly atS: number;
  readonly alert: string;
  readonly transition: Transition;
  readonly severity?: Severity;
  readonly labels?: Readonly<Record<string, string>>;
  readonly incident?: string;
}

export function identified(happening: Happening): IdentifiedEvent {
  const { atS, alert, transition, severity = "warning", labels = {}, incident = `${alert}@1` } = happening;
  const event: AlertEvent = create(AlertEventSchema, {
    rule: alert,
    alertKey: alert,
    incident,
    transition: transitionValue(transition),
    severity: severityValue(severity),
    labels: { farm: "edge", ...labels },
    decidedMs: BigInt(atS * 1000),
  });
  return { id: `event/${alert}/${transition}/${atS}`, event };
}

export function routeOf(changes: Partial<Route> = {}): Route {
  return { ...IMMEDIATE_ROUTE, receiver: "team", ...changes };
}

export function matcher(label: string, value: string): LabelMatcher {
  return new LabelMatcher(label, "=", value);
}

export function silenceOf(id: string, alert: string, startsS: number, endsS: number): Silence {
  return create(SilenceSchema, {
    id,
    matchers: [create(MatcherSchema, { label: "alert", kind: MatchKind.EQUAL, value: alert })],
    startsMs: BigInt(startsS * 1000),
    endsMs: BigInt(endsS * 1000),
  });
}

/** A notice as fs.alert holds it. */
export function noticeOf(decision: NoticeDecision) {
  const items = decision.lines.map(({ id, event, reason }) =>
    create(NoticeItemSchema, {
      alertKey: event.alertKey,
      incident: event.incident,
      eventId: id,
      severity: event.severity,
      reason,
    }),
  );
  const { group, receiver, atMs } = decision;
  return create(NoticeSchema, { group, receiver, atMs: BigInt(atMs), items });
}

/** A book on a timeline; everything told is kept as "seconds receiver: alert reason, …". */
export class Timeline {
  readonly told: string[] = [];
  book: NotificationBook;
  readonly #rules: ConstructorParameters<typeof NotificationBook>[0];
  /** Everything that fs.alert and fs.control would hold, to begin anew from. */
  readonly #log: ((book: NotificationBook) => void)[] = [];

  #wishes = 0;

  constructor(route: Route, inhibitRules: ConstructorParameters<typeof NotificationBook>[0]["inhibitRules"] = []) {
    this.#rules = { route, inhibitRules, zoneOffset: (zone) => (zone === "UTC+2" ? 7_200_000 : 0) };
    this.book = new NotificationBook(this.#rules);
  }

  event(happening: Happening): this {
    return this.#at(happening.atS, (book) => book.event(identified(happening)));
  }

  silence(atS: number, alert: string, endsS: number, id = "s"): this {
    return this.#wish(atS, { case: "silence", value: silenceOf(id, alert, atS, endsS) });
  }

  acknowledge(atS: number, incident: string, withdrawn = false): this {
    return this.#wish(atS, { case: "acknowledgement", value: create(AcknowledgementSchema, { incident, withdrawn }) });
  }

  pass(toS: number): this {
    this.#note(this.book.advance(toS * 1000));
    return this;
  }

  /** Forgets everything but the log. @param nowS when somebody lives again. */
  restart(nowS = 0): this {
    this.book = new NotificationBook(this.#rules);
    for (const apply of this.#log) apply(this.book);
    this.book.resume(nowS * 1000);
    return this;
  }

  #wish(atS: number, body: ControlBody): this {
    const position = ++this.#wishes;
    const record = controlRecord({ id: `${position}`, atMs: atS * 1000, by: "test" }, body);
    return this.#at(atS, (book) => book.wish(record, { position, appendedAtMs: atS * 1000 }));
  }

  #at(atS: number, apply: (book: NotificationBook) => void): this {
    this.pass(atS);
    this.#log.push(apply);
    apply(this.book);
    return this.pass(atS);
  }

  #note(decisions: readonly NoticeDecision[]): void {
    for (const decision of decisions) {
      const notice = noticeOf(decision);
      this.#log.push((book) => void book.notice(notice));
      const lines = decision.lines.map(({ event, reason }) => `${event.alertKey} ${reason}`);
      this.told.push(`${decision.atMs / 1000} ${decision.receiver}: ${lines.join(", ")}`);
    }
  }
}
