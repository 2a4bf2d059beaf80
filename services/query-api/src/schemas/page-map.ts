import Type, { type Static } from "typebox";
import { Count, MomentParameter, Nullable, nodeStanding, TimeMs } from "./shared.ts";

export const PageMapQuery = Type.Object(
  {
    at: MomentParameter,
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: "Only this zone's span." })),
    first: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32, description: "First page frame. Default 0." })),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 32, description: "Frames. Default: all that follow." }),
    ),
    scale: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 24,
        description: "Pictures only: one pixel stands for 2^scale frames. Default: the smallest that fits 1 Mi pixels.",
      }),
    ),
    width: Type.Optional(
      Type.Integer({ minimum: 16, maximum: 4096, description: "Pictures only: pixels in a row. Default 1024." }),
    ),
  },
  { additionalProperties: false },
);

export const PageStateName = Type.Union([
  Type.Literal("unknown"),
  Type.Literal("free"),
  Type.Literal("pcp"),
  Type.Literal("allocated"),
]);

export const LegendEntry = Type.Object({
  state: Type.Union([PageStateName, Type.Literal("mixed")]),
  order: Nullable(Type.Integer({ description: "Order of the free block; null for other states." })),
  label: Type.String(),
  colour: Type.String({ pattern: "^#[0-9a-f]{6}$" }),
});
export type LegendEntry = Static<typeof LegendEntry>;

export const PageMapAnswer = Type.Object({
  ...nodeStanding,
  watermarkMs: TimeMs("Event time of the map."),
  pageSizeBytes: Type.Integer(),
  hugeOrder: Type.Integer(),
  maxOrder: Type.Integer(),
  frames: Count("Frames of the node: page frame numbers are below this."),
  first: Count("First frame answered."),
  count: Count("Frames answered."),
  zones: Type.Array(
    Type.Object({
      zone: Type.String(),
      numaNode: Type.Integer(),
      first: Type.Integer(),
      count: Type.Integer(),
      initialised: Count("Frames from the first on that the kernel has initialised; the rest is not in use yet."),
    }),
  ),
  states: Type.Array(PageStateName, { description: "What the numbers in `runs.state` mean." }),
  legend: Type.Array(LegendEntry, { description: "Colours of the picture." }),
  runs: Type.Object(
    {
      first: Type.Array(Type.Integer()),
      count: Type.Array(Type.Integer()),
      state: Type.Array(Type.Integer()),
      order: Type.Array(Type.Integer()),
    },
    { description: "Columns of equal length: run i is frames [first[i], first[i] + count[i]), blocks of 2^order[i]." },
  ),
  next: Nullable(
    Type.Integer({ description: "`first` of the rest when there were more than 200,000 runs, else null." }),
  ),
});
export type PageMapAnswer = Static<typeof PageMapAnswer>;
