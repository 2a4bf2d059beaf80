import Type, { type Static } from "typebox";
import { Count, Nullable, standing } from "./shared.ts";

export const MembershipAnswer = Type.Object({
  ...standing,
  node: Type.String(),
  farm: Type.String({ description: "Farm that the node belongs to from its next batch on." }),
  version: Count(
    "Membership version: grows with each move of the node; its batches carry the one that they were made under.",
  ),
  position: Count("Place in fs.control where this stands."),
  changed: Type.Boolean({ description: "False when the node belonged to the farm already: nothing was written then." }),
  by: Type.String({ description: "Who moved it there." }),
  reportedFarm: Nullable(
    Type.String({ description: "Farm in the node's newest folded batch; null when no such node was ever seen." }),
  ),
});
export type MembershipAnswer = Static<typeof MembershipAnswer>;
