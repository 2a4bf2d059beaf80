import { createHash } from "node:crypto";
import { type ControlBody, type ControlFault, controlFaults, controlKey, controlRecord } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import { type ControlRecord, ControlRecordSchema, toBinary } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";

const DIGEST_LENGTH = 12;

export interface ControlAppenderOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  /** Who asks, where an append does not say: the service's name. */
  readonly by: string;
}

export interface ControlAppendOptions {
  /** By which readers drop a second copy. Default: made of what is asked and when, so that a retry of the same is one. */
  readonly id?: string;
  /** Who asks: a token's name. */
  readonly by?: string;
  readonly signal?: AbortSignal;
}

/** What became of an append: only what breaks no limit goes into the log. */
export type ControlAppended =
  | { readonly kind: "appended"; readonly record: ControlRecord; readonly position: number }
  | { readonly kind: "invalid"; readonly faults: readonly ControlFault[] };

/** Writes fs.control, for everybody: checks what is asked, dates it and gives it its key. */
export class ControlAppender {
  readonly #options: ControlAppenderOptions;

  constructor(options: ControlAppenderOptions) {
    this.#options = options;
  }

  /** @throws {OperatingError} LOG_UNAVAILABLE (retriable), ABORTED. */
  async append(body: ControlBody, options: ControlAppendOptions = {}): Promise<ControlAppended> {
    const { log, clock } = this.#options;
    const atMs = clock.nowMs();
    const { by = this.#options.by, signal } = options;
    const record = controlRecord({ id: options.id ?? "", atMs, by }, body);
    const faults = controlFaults(record);
    if (faults.length > 0) return { kind: "invalid", faults };
    const key = controlKey(record)!;
    if (options.id === undefined) record.id = `${key}/${atMs}/${digestOf(record)}`;
    const payload = toBinary(ControlRecordSchema, record);
    if (payload.length > log.messageBytesMax) return { kind: "invalid", faults: [tooLarge(payload, log)] };
    const position = await log.append({ kind: "control" }, key, payload, {
      id: record.id,
      ...(signal === undefined ? {} : { signal }),
    });
    return { kind: "appended", record, position };
  }
}

/** Tells apart what is asked under one key in the same millisecond. */
function digestOf(record: ControlRecord): string {
  return createHash("sha256").update(toBinary(ControlRecordSchema, record)).digest("hex").slice(0, DIGEST_LENGTH);
}

function tooLarge(payload: Uint8Array, { messageBytesMax }: EventLog): ControlFault {
  return {
    field: "body",
    message: `takes ${payload.length} bytes; a message of the log has at most ${messageBytesMax}`,
  };
}
