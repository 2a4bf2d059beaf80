/** The shape of a file with tests of rules, *.test.yaml. Every description completes the sentence "must be …". */
import { SEVERITIES, SIGNAL_NAMES } from "@farmscope/domain";
import Type, { type Static } from "typebox";
import { DURATION_PATTERN } from "../rules/quantity.ts";

const exact = { additionalProperties: false };
const TESTS_MAX = 1000;
const SERIES_MAX = 200;
const EXPECTATIONS_MAX = 1000;

export const ALERT_STATES = ["inactive", "pending", "firing"] as const;

const duration = (description: string) => Type.String({ pattern: DURATION_PATTERN, description });
const choice = <T extends string>(values: readonly T[], description = `one of ${values.join(", ")}`) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], description });
const labels = Type.Record(Type.String(), Type.String({ description: "a text" }), { description: "labels by name" });

const SeriesSource = Type.Object(
  {
    signal: choice(SIGNAL_NAMES, "a signal"),
    order: Type.Optional(
      Type.Unsafe<number | "huge">({ type: ["integer", "string"], description: "'huge' or an order" }),
    ),
    quantile: Type.Optional(Type.Number({ description: "a number between 0 and 1" })),
    labels: Type.Optional(labels),
    values: Type.Optional(Type.String({ description: "values such as '0.7x3 0.4 _ 0.5..0.9x5'" })),
    bad: Type.Optional(Type.String({ description: "for an objective, shares of bad values such as '0.02x30 0'" })),
    coverage: Type.Optional(Type.String({ description: "shares such as '1x3 0.4'" })),
  },
  { ...exact, description: "a series with `signal` and `values` or `bad`" },
);

const ExpectationSource = Type.Object(
  {
    at: duration("a time such as 30s: the end of a window"),
    alert: Type.String({ description: "the name of a rule" }),
    labels: Type.Optional(labels),
    is: choice(ALERT_STATES),
    severity: Type.Optional(choice(SEVERITIES)),
    annotations: Type.Optional(labels),
  },
  { ...exact, description: "an expectation with `at`, `alert` and `is`" },
);

const TestSource = Type.Object(
  {
    name: Type.String({ minLength: 1, description: "a text" }),
    series: Type.Array(SeriesSource, { maxItems: SERIES_MAX, description: "a list of series" }),
    expect: Type.Optional(
      Type.Array(ExpectationSource, { maxItems: EXPECTATIONS_MAX, description: "a list of expectations" }),
    ),
    transitions: Type.Optional(
      Type.Array(Type.String({ description: "a text such as '30s FarmFragmented firing warning'" }), {
        maxItems: EXPECTATIONS_MAX,
        description: "all transitions, in order",
      }),
    ),
  },
  { ...exact, description: "a test with `name` and `series`" },
);

export const RulesTestSchema = Type.Object(
  {
    rules: Type.Array(Type.String({ description: "the name of a rules file" }), {
      minItems: 1,
      description: "a list of rules files, beside this one",
    }),
    tests: Type.Array(TestSource, { maxItems: TESTS_MAX, description: "a list of tests" }),
  },
  { ...exact, description: "a file with `rules` and `tests`" },
);

export type SeriesSource = Static<typeof SeriesSource>;
export type ExpectationSource = Static<typeof ExpectationSource>;
export type TestSource = Static<typeof TestSource>;
export type RulesTestSource = Static<typeof RulesTestSchema>;
