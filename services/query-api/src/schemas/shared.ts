import Type, { type Static, type TSchema } from "typebox";

/**
 * Shapes that many answers share. Times inside answers are Unix milliseconds and end in `Ms`; `at` alone is RFC 3339.
 * Frames ("pages") are counted in pages of the node's page size.
 */

/** A value, or null when it is not known or not defined there. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
export const Count = (description: string) => Type.Integer({ minimum: 0, description });
export const TimeMs = (description: string) => Type.Integer({ description: `${description} Unix milliseconds.` });

export const Coverage = Share("Share of what should have been counted that was counted: 1 means nothing is missing.");
export const At = Type.String({ format: "date-time", description: "The moment that the answer stands for, RFC 3339." });

/** What every answer carries. */
export const standing = { coverage: Coverage, at: At };

/** What every answer about one node carries. */
export const nodeStanding = {
  ...standing,
  node: Type.String(),
  partition: Count("Partition of the event log that holds the node."),
  position: Count("Place in that partition up to which events are folded into this answer."),
  basis: Type.Union([Type.Literal("view"), Type.Literal("log")], {
    description: "view: read from the store. log: folded for this answer, from a checkpoint and the raw events.",
  }),
};

export const SignalName = Type.Union([Type.Literal("runq_delay"), Type.Literal("gc_pause")], {
  description:
    "runq_delay: from wake-up to being switched in. gc_pause: stop of a managed runtime for garbage collection.",
});
export type SignalName = Static<typeof SignalName>;

export const Balance = Type.Object(
  {
    in: Count("Events that happened and were seen."),
    folded: Count("Events folded into the views."),
    dropped: Count("Left out on purpose: sampling, dead letters."),
    lost: Count("Lost by the ring, decoding, the spool or the log."),
    held: Count("Waiting in a batch, the spool or the reorder buffer."),
  },
  { description: "in = folded + dropped + lost + held." },
);
export type Balance = Static<typeof Balance>;

export const Balances = Type.Object({ pages: Balance, runq: Balance, gc: Balance });
export type Balances = Static<typeof Balances>;

export const Problem = Type.Object(
  {
    type: Type.String({ description: "URI of the kind of problem; its last part is the code in lower case." }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: "Stable code, as in docs/errors.md." }),
    detail: Type.String(),
    instance: Type.String({ description: "Path that was asked for." }),
    remedy: Type.Optional(Type.String({ description: "The way out." })),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), message: Type.String() }), {
        description: "Every fault of the request.",
      }),
    ),
  },
  { description: "RFC 9457 problem document." },
);
export type Problem = Static<typeof Problem>;

/** RFC 3339 or Unix milliseconds. Parsed in times.ts. */
export const TimeParameter = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: "^(-?[0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2}))$",
      description: `${description} RFC 3339 or Unix milliseconds.`,
    }),
  );

/** A moment: a time, or a position of the node's partition. Parsed in moment.ts. */
export const MomentParameter = Type.Optional(
  Type.String({
    pattern: "^(@[0-9]{1,15}|-?[0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2}))$",
    description:
      "The moment to show: RFC 3339, Unix milliseconds, or @POSITION of the node's partition. Default: now. The cut at a time is the first later-stamped event in ring order.",
  }),
);

/** Parameters of every series over time. */
export const periodParameters = {
  from: TimeParameter("Start, inclusive. Default: 15 minutes before `to`."),
  to: TimeParameter("End, exclusive. Default: now."),
  step: Type.Optional(
    Type.String({
      pattern: "^[0-9]{1,9}(ms|s|m|h|d)?$",
      description:
        "Length of one point: a multiple of 10 s, e.g. 10s, 1m, 60000. Default: the smallest that gives at most 720 points.",
    }),
  ),
};

/** The period that a series covers, in its answer. */
export const period = {
  fromMs: TimeMs("Start, inclusive."),
  toMs: TimeMs("End, exclusive."),
  stepMs: Type.Integer({ description: "Length of one point in milliseconds." }),
};

/** Reads what a replay gave instead of what is live. */
export const ReplayParameter = Type.Optional(
  Type.String({ pattern: "^[A-Za-z0-9-]{1,64}$", description: "Id of a replay: read what it gave, not what is live." }),
);

/** Names of nodes and farms in paths. */
export const Name = (description: string) => Type.String({ minLength: 1, maxLength: 128, description });
