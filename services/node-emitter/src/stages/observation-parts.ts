import { create, type Observation, type ObservationChunk, ObservationSchema } from "@farmscope/proto";

/** Upper bound of what a chunk takes beside its runs: four numbers, tags and lengths. */
const CHUNK_OVERHEAD_BYTES = 40;

/** Upper bound of the encoded size of one chunk. */
export function chunkBytes(chunk: ObservationChunk): number {
  return chunk.runs.length + CHUNK_OVERHEAD_BYTES;
}

/**
 * Cuts a part of an observation into parts of at most `bytesMax` and `chunksMax` chunks, in order. Only the first begins
 * and only the last ends what the whole began and ended. A chunk is never cut: one that alone is larger stands alone.
 */
export function splitObservation(part: Observation, bytesMax: number, chunksMax: number): Observation[] {
  const groups: ObservationChunk[][] = [[]];
  let bytes = 0;
  for (const chunk of part.chunks) {
    const group = groups[groups.length - 1];
    const size = chunkBytes(chunk);
    if (group.length > 0 && (bytes + size > bytesMax || group.length >= chunksMax)) {
      groups.push([chunk]);
      bytes = size;
    } else {
      group.push(chunk);
      bytes += size;
    }
  }
  return groups.map((chunks, index) =>
    create(ObservationSchema, {
      id: part.id,
      reason: part.reason,
      begin: part.begin && index === 0,
      end: part.end && index === groups.length - 1,
      chunks,
    }),
  );
}
