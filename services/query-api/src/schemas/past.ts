import Type, { type Static } from "typebox";
import { distribution, QuantileValue } from "./latency.ts";
import {
  Count,
  Coverage,
  Nullable,
  nodeStanding,
  period,
  periodParameters,
  SignalName,
  standing,
  TimeMs,
  TimeParameter,
} from "./shared.ts";

/** What happened to a page, as a step of its life. */
export const TrajectoryStep = Type.Object({
  kind: Type.Union(
    [Type.Literal("alloc"), Type.Literal("free"), Type.Literal("reuse"), Type.Literal("drain"), Type.Literal("refill")],
    { description: "reuse: handed out after it was seen being given back. drain, refill: only with lists=true." },
  ),
  atMs: Type.Number({ description: "When, Unix milliseconds with fractions." }),
  first: Count("First page frame of the block that the event was about."),
  order: Count("log2 of that block's pages."),
  migrateType: Count("The kernel's migrate type."),
  pid: Count("Process that caused it."),
  cgroup: Count("Its cgroup, low 32 bits of the id."),
  cgroupPath: Nullable(Type.String({ description: "Path of the cgroup, when the node has named it." })),
  sinceMs: Nullable(Type.Number({ description: "free: how long it was held; reuse: how long it had been free." })),
  broken: Type.Boolean({
    description: "Events before it are missing: an allocation of an allocated page, or the like.",
  }),
  afterLoss: Type.Boolean({ description: "Events of the node were lost between the step before and this one." }),
});
export type TrajectoryStep = Static<typeof TrajectoryStep>;

export const TrajectoryQuery = Type.Object(
  {
    from: TimeParameter("Start, inclusive. Default: 10 minutes before `to`."),
    to: TimeParameter("End, exclusive. Default: now."),
    lists: Type.Optional(
      Type.Boolean({ default: false, description: "Moves between the buddy allocator and per-CPU lists, too." }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000, description: "Most steps: the newest." }),
    ),
  },
  { additionalProperties: false },
);

export const TrajectoryAnswer = Type.Object({
  ...nodeStanding,
  pfn: Count("The page frame."),
  fromMs: TimeMs("Start of what was read, inclusive."),
  toMs: TimeMs("End of what was read, exclusive."),
  held: Nullable(Type.Boolean({ description: "Whether it is allocated at the end; null when that is not known." })),
  steps: Type.Array(TrajectoryStep, { description: "Oldest first." }),
  omitted: Count("Older steps of the period that were left out."),
  eventsRead: Count("Page events of the node that were looked at."),
});
export type TrajectoryAnswer = Static<typeof TrajectoryAnswer>;

export const EventKind = Type.Union(
  [
    Type.Literal("pages"),
    Type.Literal("runq"),
    Type.Literal("gc"),
    Type.Literal("observation"),
    Type.Literal("loss"),
    Type.Literal("start"),
  ],
  { description: "loss: counters of lost events went up, or batches are missing. start: the emitter began anew." },
);
export type EventKind = Static<typeof EventKind>;

export const EventsQuery = Type.Object(
  {
    kind: Type.Optional(EventKind),
    from: TimeParameter("Start, inclusive. Default: 1 minute before `to`."),
    to: TimeParameter("End, exclusive. Default: now."),
    after: Type.Optional(
      Type.String({
        pattern: "^[0-9]{1,15}\\.[0-9]{1,6}$",
        description: "Only what follows: `next` of the page before.",
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000, description: "Events in a page." }),
    ),
  },
  { additionalProperties: false },
);

/** One raw event; what does not belong to its kind is absent. */
export const RawEvent = Type.Object({
  kind: EventKind,
  atMs: Type.Number({ description: "When, Unix milliseconds with fractions." }),
  position: Count("Place of its batch in the partition."),
  event: Type.Optional(Type.String({ description: "pages: alloc, free, drain, refill or extfrag." })),
  pfn: Type.Optional(Count("First page frame.")),
  order: Type.Optional(Count("log2 of the block's pages.")),
  migrateType: Type.Optional(Count("The kernel's migrate type.")),
  pid: Type.Optional(Count("Process.")),
  cgroup: Type.Optional(Count("Its cgroup, low 32 bits of the id.")),
  cpu: Type.Optional(Count("CPU.")),
  previousPid: Type.Optional(Count("Process that ran before on that CPU.")),
  durationUs: Type.Optional(Type.Number({ description: "Delay or pause in microseconds." })),
  command: Type.Optional(Type.String({ description: "gc: name of the process." })),
  detail: Type.Optional(Type.String({ description: "observation, loss, start: what it was." })),
});
export type RawEvent = Static<typeof RawEvent>;

export const EventsAnswer = Type.Object({
  ...nodeStanding,
  fromMs: TimeMs("Start, inclusive."),
  toMs: TimeMs("End, exclusive."),
  events: Type.Array(RawEvent, { description: "In the order of the log." }),
  next: Nullable(Type.String({ description: "`after` of the next page; null on the last." })),
});
export type EventsAnswer = Static<typeof EventsAnswer>;

export const HeatmapQuery = Type.Object(
  {
    signal: Type.Optional(SignalName),
    quantiles: Type.Optional(
      Type.String({
        pattern: "^[0-9.]{1,12}(,[0-9.]{1,12}){0,15}$",
        description: "Lines over the buckets: numbers in 0..1, comma separated. Default 0.5,0.95,0.99.",
      }),
    ),
    exemplars: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 500, default: 50, description: "Most exemplars: the slowest of each step." }),
    ),
    ...periodParameters,
  },
  { additionalProperties: false },
);

export const Exemplar = Type.Object(
  {
    node: Type.String(),
    atMs: Type.Number({ description: "When, Unix milliseconds with fractions." }),
    valueUs: Type.Number({ description: "Delay or pause in microseconds." }),
    pid: Count("Process."),
    cgroup: Count("Its cgroup, low 32 bits of the id."),
    cgroupPath: Nullable(Type.String()),
    command: Nullable(Type.String({ description: "Name of the process, where the source tells it." })),
    cpu: Nullable(Count("CPU.")),
    previousPid: Nullable(Count("Process that ran before on that CPU.")),
    traceId: Nullable(Type.String({ description: "W3C trace id of the task, once spans are collected." })),
    position: Count("Place of its batch in its node's partition."),
  },
  { description: "A sampled raw event behind a bucket." },
);
export type Exemplar = Static<typeof Exemplar>;

export const HeatmapAnswer = Type.Object({
  ...standing,
  farm: Type.String(),
  signal: SignalName,
  ...period,
  bucketsUs: Type.Array(
    Type.Object({
      fromUs: Type.Number({ description: "Inclusive." }),
      toUs: Nullable(Type.Number({ description: "Exclusive; null: open above." })),
    }),
    { description: "Rows, lowest first: those in which anything was counted." },
  ),
  columns: Type.Array(
    Type.Object({
      startMs: TimeMs("Start of the step."),
      coverage: Coverage,
      counts: Type.Array(Type.Number(), { description: "By row." }),
      quantiles: Type.Array(QuantileValue, { description: "The lines." }),
      count: distribution.count,
    }),
    { description: "By start; steps without a closed window are absent." },
  ),
  exemplars: Type.Array(Exemplar, { description: "By time." }),
  exemplarsFrom: Type.Union([Type.Literal("log"), Type.Literal("none")], {
    description: "none: the raw events of that period are no longer retained, or none were sampled.",
  }),
});
export type HeatmapAnswer = Static<typeof HeatmapAnswer>;
