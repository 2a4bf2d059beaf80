import type { NodeAnswer, SignalName } from "../../../src/schemas/index.ts";
import { formatCount, formatUs, orNothing } from "../format.ts";
import { Scroll } from "./bits.tsx";

const ROWS_MAX = 10;

/** The cgroups whose 99th percentile is the highest. */
export function Cgroups({ cgroups, signal }: { readonly cgroups: NodeAnswer["cgroups"]; readonly signal: SignalName }) {
  const quantile = (cgroup: NodeAnswer["cgroups"][number], wanted: number): number | null =>
    cgroup.quantiles.find((value) => value.quantile === wanted)?.valueUs ?? null;
  const worst = cgroups
    .filter((cgroup) => cgroup.signal === signal && cgroup.count > 0)
    .sort((a, b) => (quantile(b, 0.99) ?? 0) - (quantile(a, 0.99) ?? 0))
    .slice(0, ROWS_MAX);
  if (worst.length === 0) return <p class="empty">No cgroup has been counted yet.</p>;
  return (
    <Scroll label="Cgroups">
      <table>
        <thead>
          <tr>
            <th>cgroup</th>
            <th class="number">count</th>
            <th class="number">P50</th>
            <th class="number">P99</th>
          </tr>
        </thead>
        <tbody>
          {worst.map((cgroup) => (
            <tr key={cgroup.cgroup}>
              <td class="path" title={cgroup.path}>
                {cgroup.path || `cgroup ${cgroup.cgroup}`}
              </td>
              <td class="number">{formatCount(cgroup.count)}</td>
              <td class="number">{orNothing(quantile(cgroup, 0.5), formatUs)}</td>
              <td class="number">{orNothing(quantile(cgroup, 0.99), formatUs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
