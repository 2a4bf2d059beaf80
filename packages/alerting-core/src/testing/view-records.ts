/** Records of fs.view for tests: windows of a farm and of its nodes, as the aggregator would write them. */
import {
  create,
  type FarmNode,
  FarmNodeSchema,
  FarmWindowSchema,
  type MessageInitShape,
  NodeWindowSchema,
  PartialWindowSchema,
  toBinary,
  ViewRecordSchema,
} from "@farmscope/proto";
import type { ViewLogRecord } from "../evaluator.ts";

export const WINDOW_MS = 10_000;
/** Time from a window's end to its record. */
const WRITTEN_AFTER_MS = 2_000;

export type NodeInit = MessageInitShape<typeof NodeWindowSchema>;
export type FarmInit = MessageInitShape<typeof FarmWindowSchema>;

/** Appends records to an array, at rising positions. */
export class ViewRecords {
  readonly records: ViewLogRecord[] = [];

  /** A partition's part of the `index`-th window. */
  partial(index: number, nodes: readonly NodeInit[], partition = 0, revision = 0): ViewLogRecord {
    const startMs = BigInt(index * WINDOW_MS);
    const windows = nodes.map((node) =>
      create(NodeWindowSchema, { online: true, observed: true, coverage: 1, ...node }),
    );
    const value = create(PartialWindowSchema, { partition, widthMs: WINDOW_MS, startMs, revision, nodes: windows });
    return this.#add(`partial/${partition}`, index, { case: "partial", value });
  }

  /** A farm's closing record of the `index`-th window. */
  farm(index: number, init: FarmInit = {}): ViewLogRecord {
    const value = create(FarmWindowSchema, {
      farm: "default",
      widthMs: WINDOW_MS,
      startMs: BigInt(index * WINDOW_MS),
      hugeOrder: 9,
      managedPages: 1000n,
      coverage: 1,
      ...init,
    });
    return this.#add(`farm/${value.farm}`, index, { case: "farm", value });
  }

  #add(key: string, index: number, body: MessageInitShape<typeof ViewRecordSchema>["body"]): ViewLogRecord {
    const position = this.records.length + 1;
    const view = create(ViewRecordSchema, { foldVersion: 1, id: `${key}/${position}`, body: body! });
    const appendedAtMs = (index + 1) * WINDOW_MS + WRITTEN_AFTER_MS;
    const record = { key, position, appendedAtMs, payload: toBinary(ViewRecordSchema, view) };
    this.records.push(record);
    return record;
  }
}

/** A node's line in its farm's record. */
export function lineOf(node: string, init: Exclude<MessageInitShape<typeof FarmNodeSchema>, FarmNode> = {}): FarmNode {
  return create(FarmNodeSchema, { node, online: true, managedPages: 1000n, coverage: 1, ...init });
}
