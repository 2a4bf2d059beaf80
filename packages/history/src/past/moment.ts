/**
 * A moment of the past: a place in a node's partition (everything up to it is folded), or a time. The cut at a time is
 * the first later-stamped event in ring order.
 */
export type Moment =
  | { readonly kind: "position"; readonly position: number }
  | { readonly kind: "time"; readonly ms: number };
