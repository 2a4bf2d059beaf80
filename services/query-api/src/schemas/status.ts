import Type, { type Static } from "typebox";
import { Balances, Count, Nullable, standing, TimeMs } from "./shared.ts";

export const LiveAnswer = Type.Object({ live: Type.Literal(true), ...standing });

export const Check = Type.Object({
  name: Type.String(),
  ready: Type.Boolean(),
  detail: Type.String({ description: "Why not, and what is being done about it." }),
});
export const ReadyAnswer = Type.Object({ ready: Type.Boolean(), ...standing, checks: Type.Array(Check) });
export type ReadyAnswer = Static<typeof ReadyAnswer>;

export const Backend = Type.Object({
  kind: Type.String(),
  version: Type.String(),
  connected: Type.Boolean(),
  warnings: Type.Array(Type.String()),
});

export const StreamLine = Type.Object({
  stream: Type.String(),
  first: Count("Oldest retained position."),
  last: Count("Newest position."),
  messages: Count("Messages retained."),
  bytes: Count("Bytes retained."),
});
export type StreamLine = Static<typeof StreamLine>;

export const PartitionLine = Type.Object({
  partition: Type.Integer(),
  owner: Nullable(Type.String({ description: "Replica that folds it." })),
  mergeOwner: Nullable(Type.String({ description: "Replica that merges its farms." })),
  epoch: Nullable(Count("Fencing number of the owner.")),
  position: Nullable(Count("Committed position; null when it was never claimed.")),
  last: Nullable(Count("Newest position in the log.")),
  lag: Nullable(Count("Positions appended and not yet committed.")),
  nodes: Count("Nodes with a current view."),
});
export type PartitionLine = Static<typeof PartitionLine>;

export const StageLine = Type.Object({
  name: Type.String(),
  in: Count("Went in."),
  out: Count("Came out."),
  dropped: Count("Was refused or given up."),
  held: Count("Is inside."),
});

export const StatusAnswer = Type.Object({
  ...standing,
  version: Type.String(),
  startedMs: TimeMs("When this replica started."),
  log: Nullable(Backend),
  store: Nullable(Backend),
  members: Type.Array(Type.Object({ id: Type.String(), role: Type.String() })),
  partitions: Type.Array(PartitionLine),
  streams: Type.Array(StreamLine),
  nodes: Type.Object({ known: Type.Integer(), online: Type.Integer(), observed: Type.Integer() }),
  balances: Balances,
  loss: Type.Array(
    Type.Object({
      stage: Type.String({ description: "Where it was lost or left out." }),
      unit: Type.Union([Type.Literal("events"), Type.Literal("batches"), Type.Literal("messages")]),
      count: Type.Integer(),
    }),
    { description: "By stage: kernel to log, sampling, gaps, dead letters." },
  ),
  deadLetters: Type.Object({
    messages: Type.Integer(),
    newest: Type.Array(
      Type.Object({
        stream: Type.String(),
        position: Type.Integer(),
        reason: Type.String(),
        detail: Type.String(),
        appendedAtMs: TimeMs("When the log took the original."),
      }),
    ),
  }),
  requests: Type.Array(StageLine, { description: "This replica's own pipeline." }),
  warnings: Type.Array(Type.String(), { description: "What an operator should know." }),
});
export type StatusAnswer = Static<typeof StatusAnswer>;
