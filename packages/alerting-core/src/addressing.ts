/** From a decision to tell a receiver to the messages for each of its targets: the same live and in a backtest. */
import { createHash } from "node:crypto";
import type { NoticeDecision, NoticeLine, NoticeReason } from "@farmscope/domain";
import { type AlertRecord, create, type Notice, NoticeItemSchema, NoticeSchema } from "@farmscope/proto";
import { boundedId, notificationIdOf } from "./ids.ts";
import type { Message, Render } from "./messages/message.ts";
import { pagerDutyBody } from "./messages/pagerduty.ts";
import { slackBody } from "./messages/slack.ts";
import { webhookBody } from "./messages/webhook.ts";

export const TARGET_KINDS = ["pagerduty", "slack", "webhook"] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

interface KindFacts {
  /** Whether all alerts of a decision make one message, or each one of its own. */
  readonly together: boolean;
  readonly render: Render;
}

export const TARGET_KIND_FACTS: Readonly<Record<TargetKind, KindFacts>> = {
  pagerduty: { together: false, render: pagerDutyBody },
  slack: { together: true, render: slackBody },
  webhook: { together: false, render: webhookBody },
};

/** Somewhere that messages go to. */
export interface Target {
  /** Unique among all; it stands in the log. */
  readonly name: string;
  readonly kind: TargetKind;
  /** Whether it is told of ends. */
  readonly sendResolved: boolean;
}

/** A notification before its message is rendered. */
export interface Draft {
  readonly id: string;
  readonly target: string;
  /** Within a target and this, order is kept: the alert, or the group. */
  readonly alertKey: string;
  /** "" when it is of more than one. */
  readonly incident: string;
  readonly eventId: string;
  readonly noticeId: string;
  readonly lines: readonly NoticeLine[];
}

/** What became of an event is told once; the others may come again, so their moment is part of their name. */
const ONCE: readonly NoticeReason[] = ["FirstNotification", "SeverityRaised", "SeverityLowered", "Resolved"];

/** The id of a decision, made of all that it says. */
export function noticeIdOf({ group, atMs, lines }: NoticeDecision): string {
  const said = createHash("sha256").update(JSON.stringify(lines.map(({ id, reason }) => [id, reason])));
  return boundedId(`notice/${group}/${atMs}/${said.digest("hex").slice(0, 12)}`);
}

export function noticeOf({ group, receiver, atMs, lines }: NoticeDecision): Notice {
  const items = lines.map(({ id, event, reason }) =>
    create(NoticeItemSchema, {
      alertKey: event.alertKey,
      incident: event.incident,
      eventId: id,
      severity: event.severity,
      reason,
    }),
  );
  return create(NoticeSchema, { group, receiver, atMs: BigInt(atMs), items });
}

export function noticeBodyOf(decision: NoticeDecision): AlertRecord["body"] {
  return { case: "notice", value: noticeOf(decision) };
}

/** The notifications of a decision for one target. */
export function draftsOf(
  noticeId: string,
  lines: readonly NoticeLine[],
  group: string,
  target: Target,
): readonly Draft[] {
  const told = target.sendResolved ? lines : lines.filter(({ reason }) => reason !== "Resolved");
  if (told.length === 0) return [];
  const { name } = target;
  if (TARGET_KIND_FACTS[target.kind].together) {
    const id = notificationIdOf(noticeId, name);
    return [{ id, target: name, alertKey: group, incident: "", eventId: "", noticeId, lines: told }];
  }
  return told.map((line) => {
    const { id: eventId, event, reason } = line;
    const occasion = ONCE.includes(reason) ? eventId : boundedId(`${eventId}/${reason}/${noticeId}`);
    const { alertKey, incident } = event;
    return { id: notificationIdOf(occasion, name), target: name, alertKey, incident, eventId, noticeId, lines: [line] };
  });
}

/** Renders for a target. @returns null when the vendor has no word for it. */
export function renderFor(kind: TargetKind, message: Message, idempotencyKey: string): Uint8Array<ArrayBuffer> | null {
  return TARGET_KIND_FACTS[kind].render(message, idempotencyKey);
}
