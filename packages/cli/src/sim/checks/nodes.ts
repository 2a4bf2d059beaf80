import { balanceFromProto, isBalanced } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import type { Cluster } from "../cluster.ts";
import { hashOf, type StoredNode } from "../read-cluster.ts";
import { expectedGaps } from "./expected-gaps.ts";

/** Whether every event is accounted for, and none is lost but those of batches that never came. */
export function checkNodes(
  cluster: Cluster,
  nodes: readonly StoredNode[],
  partitions: readonly (readonly LogRecord[])[],
  expectedHashes: ReadonlyMap<string, string>,
): void {
  const { witness } = cluster;
  const gaps = new Map(partitions.flatMap((records) => [...expectedGaps(records)]));
  const views = new Set(nodes.map(({ node }) => node.node));
  for (const node of expectedHashes.keys()) if (!views.has(node)) witness.report(`${node} has no view`);
  for (const { node, map } of nodes) {
    const declared = Number(node.batches?.gaps ?? 0n);
    const due = gaps.get(node.node) ?? 0;
    if (declared !== due) witness.report(`${node.node} has ${declared} batches declared lost, not ${due}`);
    checkBalance(cluster, node, due > 0);
    if (due > 0 || hashOf({ node, map }) === expectedHashes.get(node.node)) continue;
    witness.report(`the canonical hash of ${node.node} is not that of an undisturbed run`);
  }
}

/** Whether what happened on a node is accounted for, to the last event. */
export function checkBalance({ witness }: Cluster, node: StoredNode["node"], mayLose: boolean): void {
  const report = (fault: string): void => witness.report(fault);
  for (const kind of ["pages", "runq", "gc"] as const) {
    const balance = balanceFromProto(node[kind]);
    const text = JSON.stringify(balance);
    if (!isBalanced(balance)) report(`${node.node}: ${kind} do not add up: ${text}`);
    if (balance.held > 0) report(`${node.node}: ${kind} are still held: ${text}`);
    if (balance.lost > 0 && !mayLose) report(`${node.node}: ${kind} are lost although every batch came: ${text}`);
  }
}
