import { create, type NodeView, NodeViewSchema } from "@farmscope/proto";
import { balanceToProto, coverageOf } from "../balance.ts";
import { ownersToProto } from "./blame-view.ts";
import type { NodeFold } from "./node-fold.ts";

/** Changes whenever the same log gives other views. */
export const FOLD_VERSION = 5;

/** What the partition adds to a node's view. */
export interface NodeViewContext {
  readonly partition: number;
  readonly online: boolean;
  /** Batches of the node in the reorder buffer. */
  readonly heldBatches: number;
}

/** A node's current state as the store holds it. */
export function nodeView(fold: NodeFold, context: NodeViewContext): NodeView {
  const pages = fold.accounts.pages.balance();
  const runq = fold.accounts.runq.balance();
  const gc = fold.accounts.gc.balance();
  return create(NodeViewSchema, {
    foldVersion: FOLD_VERSION,
    node: fold.node,
    farm: fold.farm,
    boot: fold.boot,
    start: BigInt(fold.start),
    partition: context.partition,
    position: BigInt(fold.position),
    lastEventMs: BigInt(fold.lastEventMs),
    lastAppendMs: BigInt(fold.lastAppendMs),
    online: context.online,
    ...(fold.facts === null ? {} : { facts: fold.facts }),
    pages: balanceToProto(pages),
    runq: balanceToProto(runq),
    gc: balanceToProto(gc),
    batches: {
      folded: BigInt(fold.batches.folded),
      duplicates: BigInt(fold.batches.duplicates),
      gaps: BigInt(fold.batches.gaps),
      held: BigInt(context.heldBatches),
      dead: BigInt(fold.batches.dead),
    },
    pageCounters: fold.pages.counters,
    zones: fold.pages.zones(),
    distributions: fold.signals.toProto(),
    coverage: coverageOf([pages, runq, gc]),
    ...(fold.agreement === null ? {} : { agreement: fold.agreement }),
    observed: fold.pages.observed,
    skewMs: fold.skewMs,
    recovered: BigInt(fold.recovered),
    cgroups: fold.cgroups.toProto(),
    owners: ownersToProto(fold),
  });
}
