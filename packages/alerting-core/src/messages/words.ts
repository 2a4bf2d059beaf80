/** How alerts are told in words. */
import {
  type AlertLabels,
  formatBytes,
  formatDurationUs,
  formatNumber,
  formatPercent,
  type NoticeReason,
  routingLabelsOf,
  SIGNAL_NAMES,
  type SignalName,
  type SignalUnit,
  severityName,
  signalFacts,
} from "@farmscope/domain";
import type { AlertEvent } from "@farmscope/proto";

const FORMATS: Readonly<Record<SignalUnit, (value: number) => string>> = {
  ratio: formatPercent,
  microseconds: formatDurationUs,
  bytes: formatBytes,
  count: formatNumber,
};

/** A value of an event's signal, with its unit. */
export function valueText(event: AlertEvent, value: number): string {
  const known = SIGNAL_NAMES.find((name) => name === event.signal) as SignalName | undefined;
  return (known === undefined ? formatNumber : FORMATS[signalFacts(known).unit])(value);
}

/** "62.5% (60% to 70%, 95% seen)". */
export function measuredText(event: AlertEvent): string {
  const { value, lower, upper, coverage } = event;
  if (Number.isNaN(value)) return `unknown (${formatPercent(coverage)} seen)`;
  const [low, high] = [valueText(event, lower), valueText(event, upper)];
  return `${valueText(event, value)} (${low} to ${high}, ${formatPercent(coverage)} seen)`;
}

/** What it is about: the rule's own summary, or its name and labels. Never empty. */
export function summaryText(event: AlertEvent): string {
  const written = event.annotations["summary"]?.trim() ?? "";
  return written === "" ? `${event.rule} ${labelsText(event.labels)}`.trim() || "An alert without a name" : written;
}

/** "farm=edge, node=n1". */
export function labelsText(labels: AlertLabels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name]}`)
    .join(", ");
}

/** Where it is: the node, else the farm. Never empty. */
export function whereText(event: AlertEvent): string {
  return event.labels["node"] || event.labels["farm"] || "farmscope";
}

export function severityText(event: AlertEvent): string {
  return severityName(event.severity) ?? "none";
}

/** The first word of a message. */
export function stateText(event: AlertEvent, reason: NoticeReason): string {
  switch (reason) {
    case "Resolved":
      return "RESOLVED";
    case "Acknowledged":
      return "ACKNOWLEDGED";
    case "AcknowledgementWithdrawn":
      return "ACKNOWLEDGEMENT WITHDRAWN";
    case "SeverityLowered":
      return `LOWERED TO ${severityText(event).toUpperCase()}`;
    case "SeverityRaised":
      return `RAISED TO ${severityText(event).toUpperCase()}`;
    case "RepeatIntervalElapsed":
      return `STILL ${severityText(event).toUpperCase()}`;
    case "FirstNotification":
      return severityText(event).toUpperCase();
  }
}

/** "n1 /system.slice/a: 71%". */
export function culpritTexts(event: AlertEvent): string[] {
  return event.culprits.map(({ node, cgroup, value }) => {
    const who = [node, cgroup].filter((part) => part !== "").join(" ");
    return `${who}: ${valueText(event, value)}`;
  });
}

/** RFC 3339 of Unix milliseconds; a time that is none is the epoch. */
export function timeText(ms: number | bigint): string {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}

/** Labels that people filter by: also the alert's name and severity. */
export function allLabels(event: AlertEvent): AlertLabels {
  return routingLabelsOf(event);
}
