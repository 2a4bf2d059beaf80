import Type, { type Static } from "typebox";
import { OrderMemory, UnusableIndex, ZoneMemory } from "./fragmentation.ts";
import { distribution, LatencySummary } from "./latency.ts";
import {
  Balances,
  Count,
  Coverage,
  MomentParameter,
  Name,
  Nullable,
  nodeStanding,
  SignalName,
  standing,
  TimeMs,
} from "./shared.ts";

/** A node in a list: small enough that 5,000 of them are a page. */
export const NodeLine = Type.Object({
  node: Type.String(),
  label: Type.String({ description: "Host name, or what the operator calls it." }),
  farm: Type.String(),
  partition: Count("Partition of the event log that holds it."),
  position: Count("Place in that partition that this stands for."),
  online: Type.Boolean(),
  observed: Type.Boolean({ description: "False until a full observation has been folded." }),
  source: Type.String({ description: "bpf, trace or synthetic." }),
  unusableIndex: Type.Union([UnusableIndex, Type.Null()], { description: "At the huge-page order." }),
  freePages: Count("Free pages."),
  managedPages: Count("Managed pages."),
  runqP99Us: Nullable(Type.Number({ description: "0.99 quantile of run-queue delay since first seen, microseconds." })),
  gcP99Us: Nullable(Type.Number({ description: "0.99 quantile of GC pauses since first seen, microseconds." })),
  rightRatio: Nullable(
    Type.Number({ description: "Share of compared frames that the model had right, last reading." }),
  ),
  coverage: Coverage,
  lastEventMs: TimeMs("Time of its newest folded event."),
  skewMs: Type.Number({ description: "Append time minus event time of its newest batch." }),
});
export type NodeLine = Static<typeof NodeLine>;

export const NodesQuery = Type.Object(
  {
    farm: Type.Optional(Name("Only nodes of this farm.")),
    after: Type.Optional(Name("Only nodes behind this id: `next` of the page before.")),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 1000, description: "Nodes in a page." })),
  },
  { additionalProperties: false },
);

export const NodesAnswer = Type.Object({
  ...standing,
  total: Count("Nodes in all pages."),
  nodes: Type.Array(NodeLine, { description: "By id." }),
  next: Nullable(Type.String({ description: "`after` of the next page; null on the last." })),
});
export type NodesAnswer = Static<typeof NodesAnswer>;

export const NodeMomentQuery = Type.Object({ at: MomentParameter }, { additionalProperties: false });

export const Agreement = Type.Object(
  {
    observationId: Count("Number of the observation."),
    reason: Type.String({ description: "start, periodic, loss, zone_growth, requested or compaction." }),
    atMs: TimeMs("When it ended."),
    frames: Count("Frames compared."),
    wrong: Count("Frames whose free bit was wrong."),
    ambiguous: Count("Frames left out because they changed while they were read."),
    rightRatio: Nullable(Type.Number({ description: "(frames - wrong) / frames." })),
  },
  { description: "The model against the kernel's own word at the last finished observation, before correction." },
);

export const NodeFacts = Type.Object({
  hostname: Type.String(),
  kernelRelease: Type.String(),
  architecture: Type.String(),
  source: Type.String({ description: "bpf, trace or synthetic." }),
  cpus: Type.Integer(),
  pageSizeBytes: Type.Integer(),
  maxOrder: Type.Integer(),
  hugeOrder: Type.Integer(),
  absent: Type.Array(Type.String(), { description: "BPF programs that could not be attached, with the reason." }),
});

export const PageCounters = Type.Object({
  alloc: Count("Blocks allocated."),
  free: Count("Blocks freed."),
  drain: Count("Blocks from per-CPU lists to the buddy allocator."),
  refill: Count("Blocks from the buddy allocator to per-CPU lists."),
  extfrag: Count("Blocks taken from another migrate type."),
  anomalies: Type.Record(Type.String(), Type.Integer(), { description: "Illegal transitions by kind." }),
});

export const NodeAnswer = Type.Object({
  ...nodeStanding,
  label: Type.String(),
  farm: Type.String(),
  boot: Type.String({ description: "Boot id of its kernel." }),
  startMs: TimeMs("When its emitter started."),
  online: Type.Boolean(),
  observed: Type.Boolean({ description: "False until a full observation has been folded." }),
  lastEventMs: TimeMs("Time of its newest folded event."),
  lastAppendMs: TimeMs("When the log took its newest batch."),
  skewMs: Type.Number({ description: "Append time minus event time of its newest batch." }),
  facts: Nullable(NodeFacts),
  unusableIndex: Type.Union([UnusableIndex, Type.Null()], { description: "At the huge-page order." }),
  freePages: Count("Free pages."),
  managedPages: Count("Managed pages."),
  orders: Type.Array(OrderMemory, { description: "Summed over zones." }),
  zones: Type.Array(ZoneMemory),
  latency: Type.Array(LatencySummary, { description: "Since first seen; quantiles 0.5, 0.95, 0.99." }),
  cgroups: Type.Array(
    Type.Object({ signal: SignalName, cgroup: Type.Integer(), path: Type.String(), ...distribution }),
  ),
  balances: Balances,
  batches: Type.Object({
    folded: Count("Batches folded."),
    duplicates: Count("Batches seen before and ignored."),
    gaps: Count("Sequence numbers declared lost."),
    held: Count("Batches waiting for an earlier one."),
    dead: Count("Batches put aside as dead letters."),
  }),
  pageCounters: PageCounters,
  recovered: Count("Page events that recursion protection skipped and the second program caught."),
  agreement: Nullable(Agreement),
});
export type NodeAnswer = Static<typeof NodeAnswer>;
