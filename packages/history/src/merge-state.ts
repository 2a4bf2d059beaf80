import { FarmMerge } from "@farmscope/domain";
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
  /** Newest window by farm. */
  readonly latest = new Map<string, FarmWindow>();
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
}
