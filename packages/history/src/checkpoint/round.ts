import { type CheckpointManifest, CheckpointManifestSchema, type CheckpointNode, create } from "@farmscope/proto";
import type { PartitionNode, PartitionState } from "../partition-state.ts";

/** One set on its way: from the moment at which it began to the one at which its last node was encoded. */
export class CheckpointRound {
  readonly key: string;
  /** All is encoded, and on its way into the log. */
  isClosing = false;
  /** Nodes that are not encoded yet. */
  readonly left: PartitionNode[];
  /** Of states that are being compressed and appended. */
  bytesInFlight = 0;
  /** Why the set cannot become complete. */
  failure: Error | null = null;
  readonly #nodes: Promise<CheckpointNode>[] = [];
  readonly #beginPosition: number;
  readonly #beginState: Uint8Array;
  #endPosition = 0;
  #endState: Uint8Array = new Uint8Array(0);
  #endRecordId = "";
  #watermarkMs = 0;

  /**
   * @param key of its manifest: whether it is complete, or names only the nodes of a moment.
   * @param nodes that it is to hold.
   */
  constructor(state: PartitionState, key: string, nodes: Iterable<PartitionNode>) {
    this.key = key;
    this.left = [...nodes];
    this.#beginPosition = state.pending.position;
    this.#beginState = state.encode();
  }

  add(node: Promise<CheckpointNode>): void {
    node.catch((error: Error) => {
      this.failure ??= error;
    });
    this.#nodes.push(node);
  }

  /** The last node has been encoded. */
  end(state: PartitionState): void {
    this.#endPosition = state.pending.position;
    this.#endRecordId = state.pending.recordId;
    this.#endState = state.encode();
    this.#watermarkMs = state.windows.watermarkMs;
  }

  /** Resolves when all parts are in the log. @throws what appending threw. */
  async manifest(partition: number): Promise<CheckpointManifest> {
    if (this.failure !== null) throw this.failure;
    return create(CheckpointManifestSchema, {
      partition,
      beginPosition: BigInt(this.#beginPosition),
      endPosition: BigInt(this.#endPosition),
      endRecordId: this.#endRecordId,
      watermarkMs: BigInt(Math.floor(this.#watermarkMs)),
      beginState: this.#beginState,
      endState: this.#endState,
      nodes: await Promise.all(this.#nodes),
    });
  }

  /** Waits for what is under way, whatever comes of it. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#nodes);
  }
}
