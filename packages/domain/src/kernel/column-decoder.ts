import { PAGE_EVENTS_MAX, PageColumns } from "../page/columns.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { addressOf, instantiateKernel, type KernelExports } from "./page-kernel.ts";

/** Why columns were refused, by number: enum fault in decode-columns.c. */
const FAULTS = [
  "",
  "the bytes end within a number",
  "a number is too large",
  "more contexts than events",
  "there is no such page event",
  "a run of a context that is not there",
  "runs of more events than announced",
  "bytes are left over",
];

/** Most bytes that a batch can have, as BYTES_MAX in decode-columns.c. */
const BYTES_MAX = PAGE_EVENTS_MAX * 38 + 8;

/** Decodes codec 1 of PageEvents.columns in an instance of the page kernel. */
export class ColumnDecoder {
  readonly #kernel: KernelExports = instantiateKernel();
  readonly #packed: Uint8Array;
  /** What was decoded last, where the kernel has it. */
  readonly #columns: PageColumns;

  constructor() {
    const { buffer } = this.#kernel.memory;
    const data = (name: string): number => addressOf(this.#kernel, name);
    this.#packed = new Uint8Array(buffer, data("packed"), BYTES_MAX);
    this.#columns = new PageColumns(PAGE_EVENTS_MAX, {
      tick: new Float64Array(buffer, data("tick_column"), PAGE_EVENTS_MAX),
      pfn: new Uint32Array(buffer, data("pfn_column"), PAGE_EVENTS_MAX),
      pid: new Uint32Array(buffer, data("pid_column"), PAGE_EVENTS_MAX),
      cgroup: new Uint32Array(buffer, data("cgroup_column"), PAGE_EVENTS_MAX),
      kind: new Uint8Array(buffer, data("kind_column"), PAGE_EVENTS_MAX),
      order: new Uint8Array(buffer, data("order_column"), PAGE_EVENTS_MAX),
      migrateType: new Uint8Array(buffer, data("migrate_type_column"), PAGE_EVENTS_MAX),
    });
  }

  /** @param count at most PAGE_EVENTS_MAX. @throws {WireFormatError} malformed. */
  decode(bytes: Uint8Array, count: number, baseTick: number): void {
    this.#columns.length = 0;
    if (bytes.length > BYTES_MAX) throw new WireFormatError("malformed", FAULTS.at(-1) ?? "");
    this.#packed.set(bytes);
    const fault = this.#kernel.decode_columns(bytes.length, count, baseTick);
    if (fault !== 0) throw new WireFormatError("malformed", FAULTS[fault]);
    this.#columns.length = count;
  }

  /** Copies what was decoded last. */
  copyInto(into: PageColumns): void {
    const { length } = this.#columns;
    for (const column of COLUMNS) into[column].set(this.#columns[column].subarray(0, length));
    into.length = length;
  }
}

const COLUMNS = ["tick", "pfn", "pid", "cgroup", "kind", "order", "migrateType"] as const;
