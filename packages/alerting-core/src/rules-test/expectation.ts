import { alertKeyOf } from "@farmscope/domain";
import type { AlertEvent } from "@farmscope/proto";
import type { AlertBook } from "../alert-book.ts";
import type { RulesDocument } from "../rules/document.ts";
import type { FaultPath } from "../rules/faults.ts";
import type { ExpectationSource } from "./test-schema.ts";

const DEFAULT_FARM = "{farm=default}";

/** The labels of an alert's key, "" for those that tests need not name. */
export function labelsText(alertKey: string): string {
  const labels = alertKey.slice(alertKey.indexOf("{"));
  return labels === DEFAULT_FARM ? "" : labels;
}

/** Reports what of an expectation is not so. */
export function checkExpectation(
  document: RulesDocument,
  path: FaultPath,
  expectation: ExpectationSource,
  book: AlertBook,
  newest: ReadonlyMap<string, AlertEvent>,
): void {
  const { alert, is, severity, annotations } = expectation;
  const labels = { farm: "default", ...expectation.labels };
  const key = alertKeyOf(alert, labels);
  const state = book.stateOf(alert, labels.farm, key);
  if (state.phase !== is) document.report([...path, "is"], `must be ${state.phase}, which ${key} is`);
  if (severity !== undefined && state.severity !== severity) {
    document.report([...path, "severity"], `must be ${state.severity ?? "absent"}, not ${severity}`);
  }
  for (const [name, text] of Object.entries(annotations ?? {})) {
    const rendered = newest.get(key)?.annotations[name];
    if (rendered !== text)
      document.report([...path, "annotations", name], `must be what was rendered: ${rendered ?? "nothing"}`);
  }
}
