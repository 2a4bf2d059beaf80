/** Alerts about alerting itself: a target that refuses what it is sent is told of through the others. */
import { eventIdOf, type RecordedEvent } from "@farmscope/alerting-core";
import { alertKeyOf, incidentOf, severityValue, transitionName, transitionValue } from "@farmscope/domain";
import { type AlertEvent, AlertEventSchema, create } from "@farmscope/proto";
import type { DeliveryAnswer } from "./notifiers/port.ts";

export const TARGET_FAILING = "NotificationTargetFailing";

/** Which targets fail, as fs.alert says, and as their answers say from here on. */
export class TargetHealth {
  /** The incident of each target that fails. */
  readonly #failing = new Map<string, { readonly incident: string; readonly sinceMs: number }>();

  /** Takes in what an earlier life, or this one, has recorded. */
  note(event: AlertEvent): void {
    const { target } = event.labels;
    if (event.rule !== TARGET_FAILING || target === undefined) return;
    const { incident, sinceMs } = event;
    if (transitionName(event.transition) === "resolved") this.#failing.delete(target);
    else this.#failing.set(target, { incident, sinceMs: Number(sinceMs) });
  }

  /** @returns what an answer changes; null when nothing. */
  judge(target: string, { verdict, detail }: DeliveryAnswer, nowMs: number): RecordedEvent | null {
    const failing = this.#failing.get(target);
    const fails = verdict === "rejected" || verdict === "target-disabled";
    if (fails === (failing !== undefined) || (!fails && verdict !== "delivered")) return null;
    const alertKey = alertKeyOf(TARGET_FAILING, { target });
    const transition = fails ? "firing" : "resolved";
    const reason = fails ? (verdict === "rejected" ? "MessageRejected" : "TargetDisabled") : "Delivered";
    const event = create(AlertEventSchema, {
      rule: TARGET_FAILING,
      alertKey,
      incident: failing?.incident ?? incidentOf(alertKey, nowMs),
      transition: transitionValue(transition),
      reason,
      severity: severityValue("critical"),
      value: Number.NaN,
      lower: Number.NaN,
      upper: Number.NaN,
      coverage: 1,
      atMs: BigInt(nowMs),
      decidedMs: BigInt(nowMs),
      sinceMs: BigInt(failing?.sinceMs ?? nowMs),
      labels: { target },
      annotations: {
        summary: fails ? `Notifications to ${target} fail: ${detail}` : `Notifications to ${target} arrive again`,
      },
    });
    this.note(event);
    return { id: eventIdOf(alertKey, transition, nowMs), event };
  }
}
