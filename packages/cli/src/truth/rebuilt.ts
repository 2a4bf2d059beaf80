import { zstdDecompressSync } from "node:zlib";
import { PageState, pageMapRuns } from "@farmscope/domain";
import type { PageMapView } from "@farmscope/proto";
import type { RebuiltFrames } from "./compare.ts";

/** A page map view as one byte a frame. */
export function rebuiltFrames(view: PageMapView, frames: number): RebuiltFrames {
  const rebuilt = { frames, free: new Uint8Array(frames), touched: new Uint8Array(frames) };
  for (const run of pageMapRuns(zstdDecompressSync(view.runsZstd), view.frames)) {
    if (run.state === PageState.Free) rebuilt.free.fill(1, run.first, Math.min(frames, run.first + run.count));
  }
  return rebuilt;
}
