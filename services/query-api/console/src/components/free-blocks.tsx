import type { FreeBlocksAnswer } from "../../../src/schemas/index.ts";
import { getFreeBlocks } from "../api.ts";
import { formatBytes, formatCount, formatShare } from "../format.ts";
import { usePoll } from "../use-poll.ts";

/** Free memory by order of block, over all zones: rebuilt from events, beside the kernel's own count. */
export function FreeBlocks({ node }: { readonly node: string }) {
  const answer = usePoll((signal) => getFreeBlocks(node, signal), 2_000, node);
  if (answer.value === null) return <p class="quiet">{answer.error ?? "Reading…"}</p>;
  const orders = answer.value.orders;
  const most = Math.max(1, ...orders.map((order) => order.freeBlocks * 2 ** order.order));
  return (
    <table class="bars">
      <thead>
        <tr>
          <th>order</th>
          <th>free memory in blocks of it</th>
          <th>blocks</th>
          <th>kernel</th>
          <th>unusable</th>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => {
          const pages = order.freeBlocks * 2 ** order.order;
          return (
            <tr key={order.order} class={order.order === answer.value?.hugeOrder ? "huge" : ""}>
              <td>
                {order.order} <small>{formatBytes(2 ** order.order * 4096)}</small>
              </td>
              <td>
                <div class="bar-track">
                  <div class="bar-fill" style={{ width: `${(100 * pages) / most}%` }} />
                </div>
              </td>
              <td>{formatCount(order.freeBlocks)}</td>
              <td>{kernelBlocks(answer.value as FreeBlocksAnswer, order.order)}</td>
              <td>{formatShare(order.unusableIndex)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function kernelBlocks(answer: FreeBlocksAnswer, order: number): string {
  const counts = answer.zones.map((zone) => zone.orders.find((line) => line.order === order)?.buddyinfo ?? null);
  if (counts.every((count) => count === null)) return "–";
  return formatCount(counts.reduce<number>((sum, count) => sum + (count ?? 0), 0));
}
