import { partitionOf, TICK_KEY } from "@farmscope/domain";
import { encodeTick } from "@farmscope/history";
import { ScriptedNode } from "@farmscope/history/fixtures";
import { fill, type Installation, installation, PARTITIONS } from "../fixtures.ts";

export const PARTITION = partitionOf("a", PARTITIONS);
const STREAM = { kind: "event", partition: PARTITION } as const;

/** Twenty seconds of node "a" in the log, a batch and a tick in each; the store's view of it is older. */
export async function withPast(): Promise<Installation & { readonly fromMs: number }> {
  const there = installation();
  await fill(there.store);
  const node = new ScriptedNode("a");
  const fromMs = there.clock.nowMs();
  for (let second = 0; second < 20; second++) {
    await there.log.append(STREAM, "a", node.next(there.clock.nowMs()).payload);
    await there.clock.advance(500);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await there.log.append({ kind: "event", partition }, TICK_KEY, encodeTick(partition, "someone", 1));
    }
    await there.clock.advance(500);
  }
  return { ...there, fromMs };
}
