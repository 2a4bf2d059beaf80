import Type, { type Static } from "typebox";
import {
  Count,
  Coverage,
  Nullable,
  nodeStanding,
  period,
  periodParameters,
  ReplayParameter,
  SignalName,
  standing,
  TimeMs,
} from "./shared.ts";

export const QuantileValue = Type.Object(
  {
    quantile: Type.Number({ minimum: 0, maximum: 1 }),
    valueUs: Nullable(Type.Number({ description: "Estimate in microseconds; null when nothing was counted." })),
    lowerUs: Nullable(Type.Number({ description: "The true quantile is not below this." })),
    upperUs: Nullable(Type.Number({ description: "The true quantile is below this; null when open above." })),
  },
  { description: "A quantile with the bounds that the kernel's slots leave." },
);
export type QuantileValue = Static<typeof QuantileValue>;

/** What a distribution says, in short. */
export const distribution = {
  count: Count("Values counted."),
  sumUs: Type.Number({ description: "Sum of all values in microseconds." }),
  maxUs: Type.Number({ description: "Greatest value in microseconds." }),
  quantiles: Type.Array(QuantileValue),
};

export const LatencySummary = Type.Object({ signal: SignalName, ...distribution });
export type LatencySummary = Static<typeof LatencySummary>;

export const LatencyQuery = Type.Object(
  {
    signal: Type.Optional(SignalName),
    quantiles: Type.Optional(
      Type.String({
        pattern: "^[0-9.]{1,12}(,[0-9.]{1,12}){0,15}$",
        description: "Numbers in 0..1, comma separated, at most 16. Default 0.5,0.95,0.99.",
      }),
    ),
    ...periodParameters,
    replay: ReplayParameter,
  },
  { additionalProperties: false },
);

export const LatencyPoint = Type.Object({
  startMs: TimeMs("Start of the point."),
  coverage: Coverage,
  ...distribution,
});
export type LatencyPoint = Static<typeof LatencyPoint>;

const latencySeries = {
  signal: SignalName,
  ...period,
  points: Type.Array(LatencyPoint, { description: "By start; steps without a closed window are absent." }),
  total: Type.Object(distribution, { description: "Over the whole period." }),
};

export const FarmLatencyAnswer = Type.Object({ ...standing, farm: Type.String(), ...latencySeries });
export type FarmLatencyAnswer = Static<typeof FarmLatencyAnswer>;

export const NodeLatencyAnswer = Type.Object({ ...nodeStanding, ...latencySeries });
export type NodeLatencyAnswer = Static<typeof NodeLatencyAnswer>;
