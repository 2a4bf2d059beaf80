import Type, { type Static } from "typebox";
import { AlertEventLine } from "./alert.ts";
import { FarmSummary } from "./farm.ts";
import { OrderMemory } from "./fragmentation.ts";
import { LatencySummary } from "./latency.ts";
import { NodeLine } from "./node.ts";
import { Coverage, standing, TimeMs } from "./shared.ts";

export const LiveQuery = Type.Object(
  {
    events: Type.Optional(
      Type.String({
        pattern: "^(node|farm|window|alert)(,(node|farm|window|alert)){0,3}$",
        description: "Only these kinds, comma separated. Default: all.",
      }),
    ),
    farm: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: "Only this farm and its nodes." })),
    node: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: "Of nodes, only this one." })),
  },
  { additionalProperties: false },
);

/** Event "node": the nodes of one partition that changed with a commit; at most one a second and partition. */
export const LiveNodes = Type.Object({ ...standing, nodes: Type.Array(NodeLine) });
export type LiveNodes = Static<typeof LiveNodes>;

/** Event "farm": a farm's current view changed. */
export const LiveFarm = Type.Object({ ...standing, farm: FarmSummary });
export type LiveFarm = Static<typeof LiveFarm>;

/** Event "window": a farm's window closed, or was amended (then with a higher revision). */
export const LiveWindow = Type.Object({
  at: standing.at,
  coverage: Coverage,
  farm: Type.String(),
  startMs: TimeMs("Start of the window."),
  widthMs: Type.Integer(),
  revision: Type.Integer(),
  orders: Type.Array(OrderMemory),
  latency: Type.Array(LatencySummary),
});
export type LiveWindow = Static<typeof LiveWindow>;

/** Event "alert": a change in an alert's life. */
export const LiveAlert = Type.Object({ ...standing, alert: AlertEventLine });
export type LiveAlert = Static<typeof LiveAlert>;

/** Event "reset": the client asked for events that are not kept any more and must read everything anew. */
export const LiveReset = Type.Object({ ...standing, reason: Type.String() });
export type LiveReset = Static<typeof LiveReset>;

/** The data of each kind of event. */
export const liveEvents = {
  node: LiveNodes,
  farm: LiveFarm,
  window: LiveWindow,
  alert: LiveAlert,
  reset: LiveReset,
} as const;
export type LiveEventName = keyof typeof liveEvents;
