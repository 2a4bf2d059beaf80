import Type, { type Static } from "typebox";
import { Count, Name, Nullable, standing, TimeMs, TimeParameter } from "./shared.ts";

const When = (description: string) =>
  Type.String({ minLength: 1, maxLength: 40, description: `${description} RFC 3339 or Unix milliseconds.` });
const Text = (description: string) => Type.String({ maxLength: 2_000, description });

export const OperationId = Type.String({ pattern: "^[A-Za-z0-9._:-]{1,128}$", description: "Id." });

/** What every answer about fs.control carries. */
const controlStanding = { ...standing, position: Count("Place in fs.control up to which this is read.") };

export const ControlRequest = Type.Object(
  {
    pageKeepOneIn: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_536, description: "Keep one of so many page blocks; 1: all." }),
    ),
    runqKeepOneIn: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_536, description: "Keep one of so many run-queue events; 1: all." }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type ControlRequest = Static<typeof ControlRequest>;

export const ControlAnswer = Type.Object({
  ...controlStanding,
  farm: Type.String(),
  pageKeepOneIn: Nullable(Type.Integer({ description: "Null while nothing was asked of this farm." })),
  runqKeepOneIn: Nullable(Type.Integer()),
  by: Nullable(Type.String({ description: "Who asked last." })),
  sinceMs: Nullable(TimeMs("When.")),
});
export type ControlAnswer = Static<typeof ControlAnswer>;

export const Annotation = Type.Object({
  id: Type.String(),
  atMs: TimeMs("When the change was made."),
  untilMs: Nullable(TimeMs("End of what lasted; null for a moment.")),
  farm: Nullable(Type.String({ description: "Null: every farm." })),
  node: Nullable(Type.String({ description: "Null: every node of the farm." })),
  text: Type.String(),
  tags: Type.Record(Type.String(), Type.String()),
  url: Nullable(Type.String()),
  by: Type.String({ description: "Who told of it." }),
});
export type Annotation = Static<typeof Annotation>;

export const AnnotationRequest = Type.Object(
  {
    at: Type.Optional(When("When the change was made; default: now.")),
    until: Type.Optional(When("End of what lasted.")),
    farm: Type.Optional(Name("Only this farm.")),
    node: Type.Optional(Name("Only this node.")),
    text: Type.String({ minLength: 1, maxLength: 2_000, description: "What was changed." }),
    tags: Type.Optional(
      Type.Record(Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_.-]{0,63}$" }), Type.String({ maxLength: 256 }), {
        maxProperties: 32,
      }),
    ),
    url: Type.Optional(Type.String({ maxLength: 2_000, pattern: "^https?://" })),
  },
  { additionalProperties: false },
);
export type AnnotationRequest = Static<typeof AnnotationRequest>;

export const AnnotationsQuery = Type.Object(
  {
    from: TimeParameter("Only those that had not ended before."),
    to: TimeParameter("Only those that began before."),
    farm: Type.Optional(Name("Only those of this farm, and of every farm.")),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: "Newest first." })),
  },
  { additionalProperties: false },
);
export const AnnotationsAnswer = Type.Object({
  ...controlStanding,
  annotations: Type.Array(Annotation, { description: "Newest first." }),
});
export type AnnotationsAnswer = Static<typeof AnnotationsAnswer>;

export const Matcher = Type.Object(
  {
    label: Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$" }),
    kind: Type.Union([Type.Literal("="), Type.Literal("!="), Type.Literal("=~"), Type.Literal("!~")]),
    value: Type.String({ maxLength: 256 }),
  },
  { additionalProperties: false },
);

export type Matcher = Static<typeof Matcher>;

export const Silence = Type.Object({
  id: Type.String(),
  matchers: Type.Array(Matcher, { description: "All of them must match." }),
  startsMs: TimeMs("Start."),
  endsMs: TimeMs("End."),
  state: Type.Union([Type.Literal("pending"), Type.Literal("active"), Type.Literal("expired")]),
  createdBy: Type.String(),
  comment: Type.String(),
});
export type Silence = Static<typeof Silence>;

export const SilenceRequest = Type.Object(
  {
    id: Type.Optional(OperationId),
    matchers: Type.Array(Matcher, { minItems: 1, maxItems: 16 }),
    starts: Type.Optional(When("Start; default: now.")),
    ends: When("End."),
    comment: Type.Optional(Text("Why.")),
  },
  { additionalProperties: false, description: "With the id of a silence: replaces it." },
);
export type SilenceRequest = Static<typeof SilenceRequest>;

export const SilencesQuery = Type.Object(
  { expired: Type.Optional(Type.Boolean({ default: false, description: "Those that are over, too." })) },
  { additionalProperties: false },
);
export const SilencesAnswer = Type.Object({ ...controlStanding, silences: Type.Array(Silence) });
export type SilencesAnswer = Static<typeof SilencesAnswer>;
export const SilenceAnswer = Type.Object({ ...controlStanding, silence: Silence });

export const AckRequest = Type.Object(
  {
    comment: Type.Optional(Text("What is being done.")),
    withdrawn: Type.Optional(Type.Boolean({ default: false, description: "Takes an earlier one back." })),
  },
  { additionalProperties: false },
);
export const AckAnswer = Type.Object({
  ...controlStanding,
  incident: Type.String(),
  acknowledged: Type.Boolean(),
  by: Type.String(),
  comment: Type.String(),
});
export type AckAnswer = Static<typeof AckAnswer>;

export const RulesAnswer = Type.Object({
  ...controlStanding,
  sinceMs: Nullable(TimeMs("Since when they are in force; null while there are none.")),
  files: Type.Array(Type.Object({ name: Type.String(), text: Type.String({ description: "YAML, as it reads." }) })),
  rules: Type.Array(
    Type.Object({
      group: Type.String(),
      rule: Type.String({ description: "Its name." }),
      signal: Type.String(),
      by: Type.String({ description: "farm, node or cgroup." }),
      intervalMs: Type.Integer({ description: "How often it is evaluated, in milliseconds." }),
      windowMs: Type.Integer({ description: "Event time that a value stands for, in milliseconds." }),
      quantile: Nullable(Type.Number()),
      active: Count("Alerts of it that are pending or firing."),
    }),
  ),
});
export type RulesAnswer = Static<typeof RulesAnswer>;
