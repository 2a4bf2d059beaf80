import { useMemo } from "preact/hooks";
import { formatBytes, formatNines, formatShare, formatUs, NOTHING, orNothing } from "../format.ts";
import type { NodeLine } from "../nodes.ts";
import { linkKeepingTime, type Place } from "../route.ts";
import { Scroll } from "./bits.tsx";
import { type MeasureName, worstFirst } from "./measures.ts";

const ROWS_MAX = 20;

/** The nodes with the highest values of a measure. */
export function NodeTable(props: {
  readonly nodes: readonly NodeLine[];
  readonly measure: MeasureName;
  readonly place: Place;
  readonly rowsMax?: number;
}) {
  const { nodes, measure, place, rowsMax = ROWS_MAX } = props;
  const worst = useMemo(() => worstFirst(nodes, measure).slice(0, rowsMax), [nodes, measure, rowsMax]);
  return (
    <Scroll label="Worst nodes">
      <table>
        <thead>
          <tr>
            <th>node</th>
            <th class="number">unusable</th>
            <th class="number">free</th>
            <th class="number">run-queue P99</th>
            <th class="number">GC P99</th>
            <th class="number">coverage</th>
          </tr>
        </thead>
        <tbody>
          {worst.map((node) => (
            <tr key={node.node} class={node.online ? "" : "offline"}>
              <td>
                <a href={linkKeepingTime(place, "nodes", node.node)}>{node.label || node.node}</a>
                {!node.online && <span class="badge bad">offline</span>}
              </td>
              <td class="number">{orNothing(node.unusableIndex, formatShare)}</td>
              <td class="number">{node.managedPages === 0 ? NOTHING : formatBytes(node.freePages * 4096)}</td>
              <td class="number">{orNothing(node.runqP99Us, formatUs)}</td>
              <td class="number">{orNothing(node.gcP99Us, formatUs)}</td>
              <td class="number">{formatNines(node.coverage)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
