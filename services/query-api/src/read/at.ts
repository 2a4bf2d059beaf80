import type { Moment, PastNode } from "@farmscope/history";
import type { NodeView } from "@farmscope/proto";
import type { QueryContext } from "../context.ts";
import { type Basis, nodeStandingOf } from "../measure/node.ts";
import { rfc3339 } from "../period.ts";

/** A node's view, now or as it was. */
export interface NodeAt {
  readonly view: NodeView;
  readonly basis: Basis;
  /** The moment that was asked for, RFC 3339; what the view itself stands for when none was. */
  readonly at: string;
}

/**
 * A node now, from the store, or at a moment of the past, folded from the log.
 * @param moment null for now.
 * @throws {OperatingError} NOT_FOUND, NOT_RETAINED, QUERY_TOO_LARGE, OVERLOADED; STORE_UNAVAILABLE, LOG_UNAVAILABLE.
 */
export async function readNodeAt(
  context: QueryContext,
  node: string,
  moment: Moment | null,
  signal: AbortSignal,
): Promise<NodeAt> {
  const now = await context.views.node(node);
  if (moment === null) return { view: now, basis: "view", at: nodeStandingOf(now).at };
  return context.past.at(node, moment, signal, (past) => ({ view: past.view, basis: "log", at: atOf(context, past) }));
}

/** The time that a past node stands for; the future is not known yet. */
export function atOf({ clock }: QueryContext, { atMs }: PastNode): string {
  return rfc3339(Math.min(atMs, clock.nowMs()));
}
