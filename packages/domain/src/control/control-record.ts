import { type ControlRecord, ControlRecordSchema, create, type MessageInitShape } from "@farmscope/proto";

/** Version of control records that is written and understood. */
export const CONTROL_VERSION = 1;

/** What a control record says, as its writer gives it. */
export type ControlBody = Exclude<
  NonNullable<MessageInitShape<typeof ControlRecordSchema>["body"]>,
  { readonly case?: undefined }
>;

export interface ControlOrigin {
  /** By which readers drop what they have seen. */
  readonly id: string;
  /** When it was asked for, Unix milliseconds. */
  readonly atMs: number;
  /** Who asked: a service, or a token's name. */
  readonly by: string;
}

export function controlRecord({ id, atMs, by }: ControlOrigin, body: ControlBody): ControlRecord {
  return create(ControlRecordSchema, { version: CONTROL_VERSION, id, atMs: BigInt(atMs), by, body });
}

/**
 * The key of a record in fs.control, "membership/<node>": the newest of a key says all that its predecessors said, except
 * for annotations, of which each has its own. Null when the record says nothing.
 */
export function controlKey({ body }: ControlRecord): string | null {
  switch (body.case) {
    case "focus":
    case "observe":
    case "membership":
      return `${body.case}/${body.value.node}`;
    case "sampling":
      return body.value.node === "" ? `sampling/farm/${body.value.farm}` : `sampling/node/${body.value.node}`;
    case "rules":
      return "rules";
    case "silence":
    case "annotation":
      return `${body.case}/${body.value.id}`;
    case "acknowledgement":
      return `acknowledgement/${body.value.incident}`;
    default:
      return null;
  }
}
