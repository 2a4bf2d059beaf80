import type {
  Acknowledgement,
  Annotation,
  ControlRecord,
  Focus,
  Membership,
  Observe,
  RuleSet,
  SamplingChange,
  Silence,
} from "@farmscope/proto";
import { matcherOf, matchersOf, matchesAll } from "../alert/notify/matcher.ts";
import {
  CONTROL_NAME_LENGTH_MAX,
  CONTROL_TEXT_LENGTH_MAX,
  CONTROL_URL_LENGTH_MAX,
  CONTROL_VALUE_LENGTH_MAX,
  INCIDENT_LENGTH_MAX,
  KEEP_ONE_IN_MAX,
  MATCHERS_MAX,
  RULE_FILE_NAME_LENGTH_MAX,
  RULE_FILES_MAX,
  RULE_QUANTILES_MAX,
  RULE_TEXT_LENGTH_MAX,
  TAGS_MAX,
} from "./control-limits.ts";

/** One thing that is wrong with a record, by the field it is about. */
export interface ControlFault {
  readonly field: string;
  readonly message: string;
}

/** Source: labels of Prometheus, https://prometheus.io/docs/concepts/data_model/. */
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const SHA256_BYTES = 32;

/** Collects faults. */
class Faults {
  readonly found: ControlFault[] = [];

  check(holds: boolean, field: string, message: string): void {
    if (!holds) this.found.push({ field, message });
  }

  /** A text of 1 to `max` characters. */
  text(field: string, text: string, max: number = CONTROL_NAME_LENGTH_MAX): void {
    this.check(text.length > 0 && text.length <= max, field, `must have 1 to ${max} characters`);
  }

  /** A text that may be empty. */
  note(field: string, text: string, max: number = CONTROL_TEXT_LENGTH_MAX): void {
    this.check(text.length <= max, field, `must have at most ${max} characters`);
  }

  list(field: string, length: number, least: number, max: number): void {
    this.check(length >= least && length <= max, field, `must have ${least} to ${max} entries`);
  }
}

/** Everything that is wrong with what a record says; empty when it may go into the log. */
export function controlFaults({ id, by, body }: ControlRecord): ControlFault[] {
  const faults = new Faults();
  faults.note("id", id, CONTROL_VALUE_LENGTH_MAX);
  faults.note("by", by, CONTROL_NAME_LENGTH_MAX);
  switch (body.case) {
    case "focus":
    case "observe":
      checkRequest(body.value, faults);
      break;
    case "membership":
      checkMembership(body.value, faults);
      break;
    case "sampling":
      checkSampling(body.value, faults);
      break;
    case "rules":
      checkRules(body.value, faults);
      break;
    case "silence":
      checkSilence(body.value, faults);
      break;
    case "annotation":
      checkAnnotation(body.value, faults);
      break;
    case "acknowledgement":
      checkAcknowledgement(body.value, faults);
      break;
    default:
      faults.check(false, "body", "says nothing that is known");
  }
  return faults.found;
}

function checkRequest(value: Focus | Observe, faults: Faults): void {
  faults.text("node", value.node);
  if (value.$typeName === "farmscope.control.v1.Observe") faults.note("reason", value.reason);
}

function checkMembership({ node, farm, version }: Membership, faults: Faults): void {
  faults.text("node", node);
  faults.text("farm", farm);
  faults.check(version > 0, "version", "must be above 0, which is that of the node's own setting");
}

function checkSampling({ farm, node, pageKeepOneIn, runqKeepOneIn }: SamplingChange, faults: Faults): void {
  faults.note("farm", farm, CONTROL_NAME_LENGTH_MAX);
  faults.note("node", node, CONTROL_NAME_LENGTH_MAX);
  faults.check(farm === "" || node === "", "node", "must be empty where a farm is named");
  const message = `must be at most ${KEEP_ONE_IN_MAX}`;
  faults.check(pageKeepOneIn <= KEEP_ONE_IN_MAX, "page_keep_one_in", message);
  faults.check(runqKeepOneIn <= KEEP_ONE_IN_MAX, "runq_keep_one_in", message);
}

function checkRules({ files, sha256, quantiles }: RuleSet, faults: Faults): void {
  faults.list("files", files.length, 0, RULE_FILES_MAX);
  for (const { name } of files) faults.text("files.name", name, RULE_FILE_NAME_LENGTH_MAX);
  faults.check(new Set(files.map(({ name }) => name)).size === files.length, "files.name", "must be different");
  const length = files.reduce((sum, { text }) => sum + text.length, 0);
  faults.check(
    length <= RULE_TEXT_LENGTH_MAX,
    "files",
    `must have at most ${RULE_TEXT_LENGTH_MAX} characters together`,
  );
  faults.check(sha256.length === SHA256_BYTES, "sha256", `must have ${SHA256_BYTES} bytes`);
  faults.list("quantiles", quantiles.length, 0, RULE_QUANTILES_MAX);
  faults.check(
    quantiles.every((quantile) => quantile >= 0 && quantile <= 1),
    "quantiles",
    "must lie in 0..1",
  );
}

function checkSilence({ id, matchers, startsMs, endsMs, createdBy, comment }: Silence, faults: Faults): void {
  faults.text("id", id);
  faults.list("matchers", matchers.length, 1, MATCHERS_MAX);
  faults.check(endsMs >= startsMs, "ends_ms", "must not lie before its start");
  faults.note("created_by", createdBy, CONTROL_NAME_LENGTH_MAX);
  faults.note("comment", comment);
  const before = faults.found.length;
  for (const matcher of matchers) {
    const isLabel = LABEL.test(matcher.label) && matcher.label.length <= CONTROL_NAME_LENGTH_MAX;
    faults.check(isLabel, "matchers.label", `must match ${LABEL.source}`);
    faults.note("matchers.value", matcher.value, CONTROL_VALUE_LENGTH_MAX);
    faults.check(matcherOf(matcher) !== null, "matchers", "must be of a known kind, with a valid expression");
  }
  if (faults.found.length > before) return;
  const mutesAll = matchesAll(matchersOf(matchers), {});
  faults.check(!mutesAll, "matchers", "must not match an alert that has no labels: it would mute all");
}

function checkAnnotation({ id, atMs, untilMs, farm, node, text, tags, url }: Annotation, faults: Faults): void {
  faults.text("id", id);
  faults.check(untilMs === 0n || untilMs >= atMs, "until_ms", "must be 0 or not lie before its start");
  faults.note("farm", farm, CONTROL_NAME_LENGTH_MAX);
  faults.note("node", node, CONTROL_NAME_LENGTH_MAX);
  faults.text("text", text, CONTROL_TEXT_LENGTH_MAX);
  faults.list("tags", Object.keys(tags).length, 0, TAGS_MAX);
  for (const [name, value] of Object.entries(tags)) {
    faults.text("tags", name);
    faults.note("tags", value, CONTROL_VALUE_LENGTH_MAX);
  }
  faults.note("url", url, CONTROL_URL_LENGTH_MAX);
  // Whatever else a link may be (javascript:, data:) does not belong on a page of ours.
  faults.check(url === "" || /^https?:\/\//.test(url), "url", "must begin with http:// or https://");
}

function checkAcknowledgement({ incident, comment }: Acknowledgement, faults: Faults): void {
  faults.text("incident", incident, INCIDENT_LENGTH_MAX);
  faults.note("comment", comment);
}
