/**
 * Bodies of PagerDuty's Events API v2, without the routing key: that is a secret, and the sender adds it. Limits and
 * required fields are the vendor's: "Send an alert event", "Send a change event" and "Events API v2 overview" of
 * PagerDuty's developer documentation.
 */
import type { NoticeLine, NoticeReason } from "@farmscope/domain";
import { boundedId } from "../ids.ts";
import { cut, cutValues, finite, jsonBytes } from "./cut.ts";
import { linksOf } from "./links.ts";
import type { Message } from "./message.ts";
import {
  allLabels,
  culpritTexts,
  labelsText,
  measuredText,
  severityText,
  stateText,
  summaryText,
  timeText,
  whereText,
} from "./words.ts";

/** Most characters of a summary and of a dedup key, and most bytes of a body. */
export const PAGERDUTY_SUMMARY_LENGTH_MAX = 1024;
export const PAGERDUTY_DEDUP_KEY_LENGTH_MAX = 255;
export const PAGERDUTY_BODY_BYTES_MAX = 512_000;
/** The sender adds the routing key, 32 characters with its field. */
const ROUTING_KEY_BYTES = 64;
const FIELD_LENGTH_MAX = 500;
const DETAIL_LENGTH_MAX = 2_000;
const DETAILS_MAX = 50;

/** Null: PagerDuty has no word for it. */
const ACTIONS: Readonly<Record<NoticeReason, "trigger" | "acknowledge" | "resolve" | "change" | null>> = {
  FirstNotification: "trigger",
  SeverityRaised: "trigger",
  RepeatIntervalElapsed: "trigger",
  // A trigger after somebody closed the incident would page anew; a change event never pages anyone.
  SeverityLowered: "change",
  Resolved: "resolve",
  Acknowledged: "acknowledge",
  AcknowledgementWithdrawn: null,
};

/** The body for one alert; null when PagerDuty has no word for it. */
export function pagerDutyBody(message: Message): Uint8Array<ArrayBuffer> | null {
  const [line] = message.lines as readonly [NoticeLine];
  const action = ACTIONS[line.reason];
  if (action === null) return null;
  if (action === "change") return fitting((details) => changeEvent(line, message, details), line, message);
  if (action !== "trigger") return jsonBytes({ event_action: action, dedup_key: pagerDutyDedupKey(line) });
  return fitting((details) => trigger(line, message, details), line, message);
}

/** One PagerDuty alert for each alert of ours; an end that was lost is made good by the next one. */
export function pagerDutyDedupKey({ event }: Pick<NoticeLine, "event">): string {
  return cut(boundedId(event.alertKey), PAGERDUTY_DEDUP_KEY_LENGTH_MAX);
}

function trigger(line: NoticeLine, message: Message, customDetails: object) {
  const { event } = line;
  const links = linksOf(event, message);
  return {
    event_action: "trigger",
    dedup_key: pagerDutyDedupKey(line),
    client: "Farmscope",
    ...(links.length > 0 ? { client_url: links[0]!.href, links } : {}),
    payload: {
      summary: cut(summaryText(event), PAGERDUTY_SUMMARY_LENGTH_MAX),
      source: cut(whereText(event), FIELD_LENGTH_MAX),
      severity: severityText(event) === "critical" ? "critical" : "warning",
      timestamp: timeText(event.sinceMs),
      component: cut(event.signal || event.rule, FIELD_LENGTH_MAX),
      group: cut(event.labels["farm"] ?? "", FIELD_LENGTH_MAX),
      class: cut(event.rule, FIELD_LENGTH_MAX),
      custom_details: customDetails,
    },
  };
}

function changeEvent(line: NoticeLine, message: Message, customDetails: object) {
  const { event } = line;
  const summary = `${stateText(event, line.reason)}: ${summaryText(event)}`;
  return {
    payload: {
      summary: cut(summary, PAGERDUTY_SUMMARY_LENGTH_MAX),
      source: cut(whereText(event), FIELD_LENGTH_MAX),
      timestamp: timeText(event.atMs),
      custom_details: customDetails,
    },
    links: linksOf(event, message),
  };
}

/** The fullest body that fits: details go before the page does. */
function fitting(body: (details: object) => object, line: NoticeLine, message: Message): Uint8Array<ArrayBuffer> {
  const full = detailsOf(line, message);
  const { annotations, labels, changes, ...bare } = full;
  for (const details of [full, { ...bare, labels }, bare]) {
    const bytes = jsonBytes(body(details));
    if (bytes.length <= PAGERDUTY_BODY_BYTES_MAX - ROUTING_KEY_BYTES) return bytes;
  }
  return jsonBytes(body({ reason: line.reason }));
}

function detailsOf({ event, reason }: NoticeLine, message: Message) {
  return {
    notification: reason,
    reason: event.reason,
    measured: measuredText(event),
    value: finite(event.value),
    lower: finite(event.lower),
    upper: finite(event.upper),
    coverage: finite(event.coverage),
    since: timeText(event.sinceMs),
    incident: cut(event.incident, DETAIL_LENGTH_MAX),
    who: culpritTexts(event)
      .slice(0, DETAILS_MAX)
      .map((text) => cut(text, FIELD_LENGTH_MAX)),
    labels: cutValues(allLabels(event), DETAILS_MAX, DETAIL_LENGTH_MAX),
    annotations: cutValues(event.annotations, DETAILS_MAX, DETAIL_LENGTH_MAX),
    changes: message.changes
      .slice(0, DETAILS_MAX)
      .map(({ atMs, text, url }) => cut(`${timeText(atMs)} ${text} ${url}`.trim(), DETAIL_LENGTH_MAX)),
    group: cut(labelsText(message.groupLabels), DETAIL_LENGTH_MAX),
  };
}
