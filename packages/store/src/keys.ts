/**
 * The key schema, all of it. Keys that change together share a hash slot by the braces, so that Redis Cluster works:
 * everything of a scope is in one slot. Names of nodes and farms may hold any character; they are percent-encoded.
 *
 *   fs:{p3}:owner              hash   epoch, position, record            the scope's committed state
 *   fs:{p3}:node:<node>        bytes  farmscope.view.v1.NodeView         current view of a node
 *   fs:{p3}:map:<node>         bytes  farmscope.view.v1.PageMapView      page map of a node in focus
 *   fs:{p3}:nodes              set    index of the nodes of a partition
 *   fs:{p3}:win:10000:<node>   zset   farmscope.view.v1.NodeWindow       closed windows of a node, by start
 *   fs:{m3}:farm:<farm>        bytes  farmscope.view.v1.FarmView         current view of a farm
 *   fs:{m3}:farms              set    index of the farms merged for a partition
 *   fs:{m3}:win:10000:<farm>   zset   farmscope.view.v1.FarmWindow       closed windows of a farm, by start
 *   fs:{a0}:evaluation         bytes  farmscope.alert.v1.EvaluationState where alerting resumes reading
 *   fs-x:{a0}:replay           JSON   ReplayProgress                     in scratch namespaces: what became of a replay
 *   fs:incarnation             string UUID of this life of the store
 */
import type { Scope } from "./port.ts";

export class Keys {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  owner(scope: Scope): string {
    return `${this.#of(scope)}:owner`;
  }

  node(partition: number, node: string): string {
    return `${this.#of(`p${partition}`)}:node:${encodeURIComponent(node)}`;
  }

  pageMap(partition: number, node: string): string {
    return `${this.#of(`p${partition}`)}:map:${encodeURIComponent(node)}`;
  }

  nodeIndex(partition: number): string {
    return `${this.#of(`p${partition}`)}:nodes`;
  }

  nodeWindows(partition: number, widthMs: number, node: string): string {
    return `${this.#of(`p${partition}`)}:win:${widthMs}:${encodeURIComponent(node)}`;
  }

  farm(partition: number, farm: string): string {
    return `${this.#of(`m${partition}`)}:farm:${encodeURIComponent(farm)}`;
  }

  farmIndex(partition: number): string {
    return `${this.#of(`m${partition}`)}:farms`;
  }

  farmWindows(partition: number, widthMs: number, farm: string): string {
    return `${this.#of(`m${partition}`)}:win:${widthMs}:${encodeURIComponent(farm)}`;
  }

  alertEvaluation(): string {
    return `${this.#of("a0")}:evaluation`;
  }

  /** In a scratch namespace: what became of the replay that filled it. */
  replay(): string {
    return `${this.#of("a0")}:replay`;
  }

  incarnation(): string {
    return `${this.namespace}:incarnation`;
  }

  notices(): string {
    return `${this.namespace}:commits`;
  }

  #of(scope: Scope): string {
    return `${this.namespace}:{${scope}}`;
  }
}

/**
 * The index that a view key belongs to and its member's name there, or null: ":node:<x>" is in ":nodes", ":farm:<x>" in
 * ":farms". Adapters keep the indexes by it.
 */
export function indexOf(key: string): { readonly index: string; readonly member: string } | null {
  const match = /^(.+:\{[pma]\d+\}):(node|farm):(.+)$/.exec(key);
  if (match === null) return null;
  const [, base, kind, name] = match as unknown as [string, string, string, string];
  return { index: `${base}:${kind}s`, member: decodeURIComponent(name) };
}
