/** Between the alerts of packages/domain and the records of fs.alert. */
import {
  type Decision,
  type IdentifiedEvent,
  INSTANCE_LABELS,
  type LifecycleEvent,
  type Reading,
  type Rule,
  renderTemplate,
  type Sample,
  severityName,
  severityValue,
  type TemplateValue,
  type TimedReading,
  transitionName,
  transitionValue,
} from "@farmscope/domain";
import {
  type AlertEvent,
  AlertEventSchema,
  type AlertRecord,
  AlertRecordSchema,
  type Culprit,
  create,
} from "@farmscope/proto";
import { eventIdOf } from "./ids.ts";

/** Version of AlertRecord. */
export const ALERT_RECORD_VERSION = 1;

/** An event with its id, as the stages pass it on. */
export type RecordedEvent = IdentifiedEvent;

/** What of a rule stands in its events. */
export type RuleWords = Pick<Rule, "name" | "labels" | "annotations"> & { readonly signal: string };

/** What an event says besides what was decided. */
export interface EventContext {
  /** Append time of the record that was evaluated. */
  readonly decidedMs: number;
  readonly culprits: readonly Culprit[];
}

/** The record of a decision, with its annotations rendered. @returns also what could not be rendered. */
export function recordedEventOf(
  rule: RuleWords,
  sample: Sample,
  at: TimedReading,
  decision: Decision,
  lifecycle: LifecycleEvent,
  context: EventContext,
): { readonly recorded: RecordedEvent; readonly faults: readonly string[] } {
  const labels = { ...rule.labels, ...sample.labels, ...sample.facts };
  const numbers = numbersOf(at.reading);
  const { severity } = decision;
  const fields = { ...labels, ...numbers, alert: rule.name, signal: rule.signal, severity: severity ?? "none" };
  const { annotations, faults } = renderAnnotations(rule, fields);
  const event = create(AlertEventSchema, {
    rule: rule.name,
    alertKey: sample.alertKey,
    incident: lifecycle.incident,
    transition: transitionValue(lifecycle.transition),
    reason: decision.reason,
    severity: severityValue(severity),
    ...numbers,
    atMs: BigInt(at.windowEndMs),
    sinceMs: BigInt(lifecycle.sinceMs),
    labels,
    annotations,
    viewPosition: BigInt(at.position),
    decidedMs: BigInt(Math.round(context.decidedMs)),
    culprits: [...context.culprits],
    signal: rule.signal,
  });
  return { recorded: { id: eventIdOf(sample.alertKey, lifecycle.transition, at.windowEndMs), event }, faults };
}

/** Without a value its numbers are unknown, which is NaN on the wire. */
function numbersOf(reading: Reading): Record<"value" | "lower" | "upper" | "coverage", number> {
  const { coverage } = reading;
  if (reading.kind === "insufficient") return { value: Number.NaN, lower: Number.NaN, upper: Number.NaN, coverage };
  return { value: reading.value, lower: reading.lower, upper: reading.upper, coverage };
}

function renderAnnotations(rule: RuleWords, fields: Readonly<Record<string, TemplateValue>>) {
  const annotations: Record<string, string> = {};
  const faults: string[] = [];
  for (const [name, template] of Object.entries(rule.annotations)) {
    const rendered = renderTemplate(template, fields);
    annotations[name] = rendered.text;
    faults.push(...rendered.faults);
  }
  return { annotations, faults };
}

/** The part of an event from which an alert's state follows; null for a transition that this version does not know. */
export function lifecycleEventOf(event: AlertEvent): LifecycleEvent | null {
  const transition = transitionName(event.transition);
  if (transition === null) return null;
  return {
    transition,
    severity: severityName(event.severity),
    sinceMs: Number(event.sinceMs),
    incident: event.incident,
    position: Number(event.viewPosition),
  };
}

const INSTANCE_LABEL_NAMES = [...new Set(Object.values(INSTANCE_LABELS).flat())];

/** The labels that tell an alert from its rule's others. */
export function instanceLabelsOf(event: AlertEvent): Readonly<Record<string, string>> {
  const own = INSTANCE_LABEL_NAMES.filter((name) => event.labels[name] !== undefined);
  return { farm: "", ...Object.fromEntries(own.map((name) => [name, event.labels[name]!])) };
}

export function alertRecord(id: string, body: AlertRecord["body"]): AlertRecord {
  return create(AlertRecordSchema, { version: ALERT_RECORD_VERSION, id, body });
}
