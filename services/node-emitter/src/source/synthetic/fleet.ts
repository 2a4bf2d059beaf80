import { Random } from "@farmscope/domain";
import { WORKLOAD_NAMES, type WorkloadName } from "./mixes.ts";

/** The workload of a node of a fleet: follows from the seed and the node's index. */
export function mixOf(seed: number, index: number): WorkloadName {
  return WORKLOAD_NAMES[new Random(seed).fork(`mix ${index}`).nextInt(WORKLOAD_NAMES.length)];
}
