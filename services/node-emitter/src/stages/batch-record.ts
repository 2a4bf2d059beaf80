import { encodePageColumns, encodeRunqColumns } from "@farmscope/domain";
import {
  type Batch,
  BatchSchema,
  type Counters,
  create,
  EventRecordSchema,
  type GcRuntime,
  type Identity,
  toBinary,
} from "@farmscope/proto";
import type { SamplingInForce } from "../source/port.ts";
import type { BatchContents } from "./batch-contents.ts";

/** Version of the envelope that is written. */
const ENVELOPE_VERSION = 1;
/** Codec of both kinds of packed columns. */
const COLUMNS_CODEC = 1;
/** Upper bound of the envelope: names of 128 characters, three counters, clock, sampling. */
export const ENVELOPE_BYTES_MAX = 2048;

/** The farm of a node, and the version of the registry entry that named it; 0 when it came from configuration. */
export interface Membership {
  readonly farm: string;
  readonly version: number;
}

/** What a batch says beside its contents. */
export interface BatchHeader {
  readonly identity: Omit<Identity, "$typeName">;
  readonly membership: Membership;
  readonly clock: { readonly realtimeOffsetUs: number; readonly errorUs: number };
  readonly counters: Counters;
  readonly sampling: SamplingInForce;
  readonly sourcePosition: number;
  /** Tick that stands for a batch without raw events. */
  readonly idleTick: number;
  readonly last: boolean;
}

/** Encodes the open batch as an EventRecord. */
export function encodeBatch(header: BatchHeader, contents: BatchContents): Uint8Array {
  const baseTick = contents.tickMin ?? header.idleTick;
  const batch = create(BatchSchema, {
    identity: header.identity,
    farm: header.membership.farm,
    membershipVersion: header.membership.version,
    clock: {
      baseTick: BigInt(baseTick),
      realtimeOffsetUs: BigInt(Math.round(header.clock.realtimeOffsetUs)),
      errorUs: header.clock.errorUs,
    },
    counters: header.counters,
    sampling: header.sampling,
    sourcePosition: BigInt(header.sourcePosition),
    last: header.last,
    histograms: contents.histograms,
    cgroups: contents.cgroups,
    redis: [...contents.redis.values()],
    compactions: contents.compactions,
  });
  fillEvents(batch, contents, baseTick);
  batch.facts = contents.facts;
  batch.gauges = contents.gauges;
  batch.observation = contents.observation;
  return toBinary(
    EventRecordSchema,
    create(EventRecordSchema, { version: ENVELOPE_VERSION, body: { case: "batch", value: batch } }),
  );
}

function fillEvents(batch: Batch, contents: BatchContents, baseTick: number): void {
  const pages = contents.pages.columns;
  const runq = contents.runq.columns;
  if (pages.length > 0) {
    const columns = encodePageColumns(pages, baseTick);
    batch.pages = { $typeName: "farmscope.event.v1.PageEvents", count: pages.length, codec: COLUMNS_CODEC, columns };
  }
  if (runq.length > 0) {
    const columns = encodeRunqColumns(runq, baseTick);
    batch.runq = { $typeName: "farmscope.event.v1.RunqEvents", count: runq.length, codec: COLUMNS_CODEC, columns };
  }
  batch.gcPauses = contents.gcPauses.map((pause) => ({
    $typeName: "farmscope.event.v1.GcPause",
    endTickOffset: BigInt(pause.endTick - baseTick),
    durationNs: BigInt(Math.round(pause.durationNs)),
    pid: pause.pid,
    cgroup: pause.cgroup,
    runtime: pause.runtime as GcRuntime,
    command: pause.command,
  }));
}
