import Type, { type Static } from "typebox";
import { Count, Coverage, Nullable, standing, TimeMs } from "./shared.ts";

export const AlertState = Type.Union([
  Type.Literal("pending"),
  Type.Literal("firing"),
  Type.Literal("escalated"),
  Type.Literal("deescalated"),
  Type.Literal("resolved"),
  Type.Literal("cancelled"),
]);
export type AlertState = Static<typeof AlertState>;

export const AlertEventLine = Type.Object({
  id: Type.String(),
  position: Count("Place in fs.alert."),
  alertKey: Type.String({ description: "Rule with its grouping labels; one alert instance." }),
  rule: Type.String(),
  incident: Type.String({ description: "From first firing to resolve." }),
  transition: AlertState,
  reason: Type.String(),
  severity: Nullable(Type.Union([Type.Literal("warning"), Type.Literal("critical")])),
  value: Type.Number(),
  lower: Nullable(Type.Number({ description: "The true value is not below this; null when unbounded." })),
  upper: Nullable(Type.Number({ description: "The true value is not above this; null when unbounded." })),
  coverage: Coverage,
  atMs: TimeMs("End of the window that decided."),
  sinceMs: TimeMs("Since when the condition holds."),
  viewPosition: Count("Place in fs.view of the record that was evaluated."),
  labels: Type.Record(Type.String(), Type.String()),
  annotations: Type.Record(Type.String(), Type.String()),
});
export type AlertEventLine = Static<typeof AlertEventLine>;

export const Delivery = Type.Object({
  target: Type.String(),
  alertKey: Type.String(),
  incident: Type.String(),
  attempt: Type.Integer(),
  atMs: TimeMs("When it was attempted."),
  result: Nullable(Type.String({ description: "delivered, retry, rejected or target_disabled; null while unknown." })),
  httpStatus: Nullable(Type.Integer()),
  detail: Type.String(),
});
export type Delivery = Static<typeof Delivery>;

export const AlertsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "Newest events and deliveries." }),
    ),
    farm: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: "Only alerts with this farm label." }),
    ),
  },
  { additionalProperties: false },
);

export const AlertsAnswer = Type.Object({
  ...standing,
  position: Count("Place in fs.alert up to which this is read."),
  active: Type.Array(AlertEventLine, {
    description: "Last event of every alert that is pending or firing, newest first.",
  }),
  events: Type.Array(AlertEventLine, { description: "Newest first." }),
  deliveries: Type.Array(Delivery, { description: "Newest first." }),
});
export type AlertsAnswer = Static<typeof AlertsAnswer>;
