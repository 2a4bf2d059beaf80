/**
 * The shape of a rules file, and the text of its published JSON Schema (rules/rules.schema.json, held to this by a test).
 * Every description completes the sentence "must be …": it is what a person reads when a value is wrong.
 */
import { DECISION_BASES, GROUPINGS, INSUFFICIENT_DATA_POLICIES, SEVERITIES, SIGNAL_NAMES } from "@farmscope/domain";
import Type, { type Static } from "typebox";
import { DURATION_PATTERN } from "./quantity.ts";

/** Most groups in a file, and rules in a group. */
export const GROUPS_MAX = 100;
export const GROUP_RULES_MAX = 200;
const NAME_LENGTH_MAX = 100;
const TEXT_LENGTH_MAX = 1000;
const NAMED_MAX = 32;
/** Most pairs of windows of an objective. */
const BURNS_MAX = 8;
/** Greatest burn rate: with an objective of 99.99 % all values are bad at 10,000. */
const BURN_RATE_MAX = 1e6;

const exact = { additionalProperties: false };
const RULE_NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_.-]*$";
const LABEL_NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$";

const duration = (description: string) => Type.String({ pattern: DURATION_PATTERN, description });
const choice = <T extends string>(values: readonly T[], description = `one of ${values.join(", ")}`) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], description });
const texts = (description: string) =>
  Type.Record(
    Type.String({ pattern: LABEL_NAME_PATTERN }),
    Type.String({ maxLength: TEXT_LENGTH_MAX, description: `a text of at most ${TEXT_LENGTH_MAX} characters` }),
    { ...exact, maxProperties: NAMED_MAX, description },
  );

const Quantity = Type.Unsafe<number | string>({
  type: ["number", "string"],
  description: "a number, a duration such as 5ms, or a size such as 100MiB, as the signal's unit asks",
});

const ThresholdSource = Type.Object(
  {
    above: Type.Optional(Quantity),
    below: Type.Optional(Quantity),
    clear_below: Type.Optional(Quantity),
    clear_above: Type.Optional(Quantity),
  },
  { ...exact, minProperties: 1, description: "a threshold with `above` or `below`" },
);

const FloorSource = Type.Object(
  { signal: choice(SIGNAL_NAMES, "a signal"), above: Quantity },
  { ...exact, description: "a floor with `signal` and `above`" },
);

const BurnSource = Type.Object(
  {
    severity: choice(SEVERITIES),
    rate: Type.Number({ exclusiveMinimum: 0, maximum: BURN_RATE_MAX, description: "a burn rate, more than 0" }),
    long: duration("a duration that is a multiple of 10s, such as 1h"),
    short: duration("a duration that is a multiple of 10s, such as 5m"),
  },
  { ...exact, description: "a burn with `severity`, `rate`, `long` and `short`" },
);

const SloSource = Type.Object(
  {
    objective: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: "the share of values that must be good, between 0 and 1, such as 0.999",
    }),
    good_below: duration("the duration below which a value is good, such as 5ms"),
    burn: Type.Array(BurnSource, {
      minItems: 1,
      maxItems: BURNS_MAX,
      description: `a list of 1 to ${BURNS_MAX} burns`,
    }),
  },
  { ...exact, description: "an objective with `objective`, `good_below` and `burn`" },
);

const holding = (description: string) =>
  Type.Unsafe<number | string>({
    type: ["integer", "string"],
    minimum: 1,
    maximum: 10_000,
    pattern: DURATION_PATTERN,
    description,
  });

const RuleSource = Type.Object(
  {
    alert: Type.String({
      pattern: RULE_NAME_PATTERN,
      maxLength: NAME_LENGTH_MAX,
      description: `a name of letters, digits, '_', '-' and '.', at most ${NAME_LENGTH_MAX}`,
    }),
    signal: choice(SIGNAL_NAMES, "a signal"),
    order: Type.Optional(
      Type.Unsafe<number | "huge">({
        type: ["integer", "string"],
        pattern: "^huge$",
        minimum: 0,
        maximum: 15,
        description: "'huge' (the order of the kernel's huge pages) or an order from 0 to 15",
      }),
    ),
    quantile: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description: "a number between 0 and 1, such as 0.99",
      }),
    ),
    by: Type.Optional(choice(GROUPINGS)),
    window: Type.Optional(duration("a duration that is a multiple of 10s, such as 1m")),
    warning: Type.Optional(ThresholdSource),
    critical: Type.Optional(ThresholdSource),
    slo: Type.Optional(SloSource),
    floor: Type.Optional(FloorSource),
    decide_on: Type.Optional(choice(DECISION_BASES)),
    for: Type.Optional(holding("a number of consecutive evaluations from 1 to 10000, or a duration such as 30s")),
    keep_firing_for: Type.Optional(
      holding("a number of consecutive clear evaluations from 1 to 10000, or a duration such as 5m"),
    ),
    on_insufficient_data: Type.Optional(choice(INSUFFICIENT_DATA_POLICIES)),
    min_coverage: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: "a number from 0 to 1: the least coverage that is trusted" }),
    ),
    labels: Type.Optional(texts("labels by name")),
    annotations: Type.Optional(texts("texts by name")),
  },
  { ...exact, description: "a rule" },
);

const GroupSource = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: NAME_LENGTH_MAX,
      description: `a name of at most ${NAME_LENGTH_MAX} characters`,
    }),
    interval: Type.Optional(duration("a duration that is a multiple of 10s, such as 10s")),
    rules: Type.Array(RuleSource, {
      maxItems: GROUP_RULES_MAX,
      description: `a list of at most ${GROUP_RULES_MAX} rules`,
    }),
  },
  { ...exact, description: "a group of rules" },
);

export const RulesFileSchema = Type.Object(
  { groups: Type.Array(GroupSource, { maxItems: GROUPS_MAX, description: `a list of at most ${GROUPS_MAX} groups` }) },
  { ...exact, description: "a file with `groups`" },
);

export type ThresholdSource = Static<typeof ThresholdSource>;
export type RuleSource = Static<typeof RuleSource>;
export type GroupSource = Static<typeof GroupSource>;

/** The published JSON Schema, as text. */
export function rulesSchemaText(): string {
  const head = { $schema: "http://json-schema.org/draft-07/schema#", title: "Farmscope alert rules" };
  return `${JSON.stringify({ ...head, ...RulesFileSchema }, null, 2)}\n`;
}
