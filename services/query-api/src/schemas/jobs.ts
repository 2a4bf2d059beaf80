import Type, { type Static } from "typebox";
import { Count, Name, Nullable, standing, TimeMs } from "./shared.ts";

export const JobState = Type.Union([
  Type.Literal("queued"),
  Type.Literal("running"),
  Type.Literal("complete"),
  Type.Literal("cancelled"),
  Type.Literal("failed"),
]);
export type JobState = Static<typeof JobState>;

const job = {
  id: Type.String(),
  state: JobState,
  createdMs: TimeMs("When it was asked for."),
  finishedMs: Nullable(TimeMs("When it ended; null while it has not.")),
  fromMs: TimeMs("Start of the range, inclusive."),
  toMs: TimeMs("End of the range, exclusive."),
  progress: Type.Number({ minimum: 0, maximum: 1, description: "Share of the range that is done." }),
  error: Nullable(Type.String({ description: "Why it failed." })),
};

const range = {
  from: Type.String({ minLength: 1, maxLength: 40, description: "Start, inclusive. RFC 3339 or Unix milliseconds." }),
  to: Type.String({ minLength: 1, maxLength: 40, description: "End, exclusive. RFC 3339 or Unix milliseconds." }),
};

/** Rules as a rule file has them, in YAML. */
export const RulesText = Type.String({
  minLength: 1,
  maxLength: 60_000,
  description: "Rules in YAML, as in a rule file.",
});

export const ReplayRequest = Type.Object(
  {
    ...range,
    nodes: Type.Optional(
      Type.Array(Name("Id of a node."), { minItems: 1, maxItems: 1_000, description: "Only these nodes." }),
    ),
    farm: Type.Optional(Name("Only this farm.")),
    speed: Type.Optional(
      Type.Union([Type.Literal("max"), Type.Number({ minimum: 0.1, maximum: 10_000 })], {
        description: 'How many times as fast as it happened; "max", the default: as fast as it goes.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type ReplayRequest = Static<typeof ReplayRequest>;

export const ReplayAnswer = Type.Object({
  ...standing,
  ...job,
  namespace: Type.String({ description: "Namespace of the store that holds what it gives." }),
  expiresMs: Nullable(TimeMs("When that is removed.")),
  atMs: TimeMs("Append time up to which everything is folded."),
  events: Count("Events folded."),
  windows: Count("Windows written."),
  eventsPerS: Count("Events folded a second."),
  farms: Type.Array(Type.String(), { description: "Farms with windows in it; read them with ?replay=ID." }),
});
export type ReplayAnswer = Static<typeof ReplayAnswer>;

export const ReplaysAnswer = Type.Object({ ...standing, replays: Type.Array(ReplayAnswer) });
export type ReplaysAnswer = Static<typeof ReplaysAnswer>;

export const BacktestRequest = Type.Object(
  {
    ...range,
    rules: Type.Optional(RulesText),
    candidate: Type.Optional(RulesText),
    farm: Type.Optional(Name("Only this farm.")),
  },
  {
    additionalProperties: false,
    description: "rules: tested alone. candidate: tested against the rules in force. Neither: the rules in force.",
  },
);
export type BacktestRequest = Static<typeof BacktestRequest>;
