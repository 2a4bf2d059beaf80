import { FarmMerge, type MergeResumption, StateReader, StateWriter } from "@farmscope/domain";
import type { FarmWindow } from "@farmscope/proto";
import { StageCounter } from "@farmscope/runtime";
import type { Keys } from "@farmscope/store";
import { type Committed, Pending } from "./pending.ts";

export interface MergeSettings {
  readonly partition: number;
  readonly partitions: number;
  readonly keys: Keys;
}

/** Everything that merging one partition number's farms changes: a pure function of the records of fs.view. */
export class MergeState {
  readonly settings: MergeSettings;
  readonly merge: FarmMerge;
  readonly pending: Pending<string>;
  /** Newest window by farm, as far as it was written in this life. */
  readonly latest = new Map<string, FarmWindow>();
  /** Its start, whoever wrote it. */
  readonly latestStartMs = new Map<string, number>();
  readonly counters = {
    read: new StageCounter("read"),
    decode: new StageCounter("decode"),
    merge: new StageCounter("merge"),
    commit: new StageCounter("commit"),
  };

  constructor(settings: MergeSettings, committed: Committed) {
    this.settings = settings;
    this.merge = new FarmMerge(settings.partition, settings.partitions);
    this.pending = new Pending(committed);
  }

  /** Writes all but what stands in fs.view, for {@link resume}. */
  encode(): Uint8Array {
    const writer = new StateWriter();
    writer.list(this.latestStartMs, ([farm, startMs]) => {
      writer.text(farm);
      writer.number(startMs);
    });
    writer.bytes(this.merge.encode());
    return writer.finish();
  }

  /**
   * Takes over what {@link encode} wrote; to be called on a new one. Effects are off up to there.
   * @throws {WireFormatError} malformed.
   */
  resume({ position, state }: MergeResumption): void {
    const reader = new StateReader(state);
    reader.list(() => this.latestStartMs.set(reader.text(), reader.number()));
    this.merge.resume({ position, state: reader.bytes().slice() });
    reader.expectEnd();
    this.pending.silence(position);
  }
}
