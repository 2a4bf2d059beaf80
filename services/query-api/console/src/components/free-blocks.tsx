import type { FreeBlocksAnswer } from "../../../src/schemas/index.ts";
import { getFreeBlocks } from "../api.ts";
import { formatBytes, formatCount, formatShare, NOTHING } from "../format.ts";
import { usePoll } from "../use-poll.ts";
import { Staleness, Waiting } from "./bits.tsx";

/** Free memory by order of block, over all zones: rebuilt from events, beside the kernel's own count. */
export function FreeBlocks({ node, atMs }: { readonly node: string; readonly atMs: number | null }) {
  const answer = usePoll(
    (signal) => getFreeBlocks(node, atMs, signal),
    atMs === null ? 2_000 : null,
    `${node}/${atMs}`,
  );
  if (answer.value === null) return <Waiting polled={answer} empty="This node is not known." what="Reading…" />;
  const { orders, hugeOrder } = answer.value;
  const most = Math.max(1, ...orders.map((order) => order.freeBlocks * 2 ** order.order));
  return (
    <div class="scroll">
      <Staleness polled={answer} />
      <table class="bars">
        <thead>
          <tr>
            <th>block</th>
            <th>free memory in blocks of that size</th>
            <th class="number">blocks</th>
            <th class="number">kernel says</th>
            <th class="number">unusable</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <tr key={order.order} class={order.order === hugeOrder ? "huge" : ""}>
              <td title={`order ${order.order}`}>
                {formatBytes(2 ** order.order * 4096)} {order.order === hugeOrder && <small>huge page</small>}
              </td>
              <td>
                <div class="bar-track">
                  <div class="bar-fill" style={{ width: `${(100 * order.freeBlocks * 2 ** order.order) / most}%` }} />
                </div>
              </td>
              <td class="number">{formatCount(order.freeBlocks)}</td>
              <td class="number">{kernelBlocks(answer.value as FreeBlocksAnswer, order.order)}</td>
              <td class="number">{formatShare(order.unusableIndex)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function kernelBlocks(answer: FreeBlocksAnswer, order: number): string {
  const counts = answer.zones.map((zone) => zone.orders.find((line) => line.order === order)?.buddyinfo ?? null);
  if (counts.every((count) => count === null)) return NOTHING;
  return formatCount(counts.reduce<number>((sum, count) => sum + (count ?? 0), 0));
}
