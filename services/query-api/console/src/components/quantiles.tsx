import { useMemo } from "preact/hooks";
import type { LatencyPoint } from "../../../src/schemas/index.ts";
import { type Line, LineChart } from "../charts/line-chart.tsx";
import { formatUs } from "../format.ts";

/** Lines differ by dash as well as by colour. */
const STYLES = [
  { quantile: 0.5, label: "P50", colour: "#56b4e9" },
  { quantile: 0.95, label: "P95", colour: "#009e73", dash: [8, 4] },
  { quantile: 0.99, label: "P99", colour: "#cc5fa0", dash: [2, 3] },
] as const;

/** P50, P95 and P99 of a signal over time; logarithmic. */
export function Quantiles({ points, title }: { readonly points: readonly LatencyPoint[]; readonly title: string }) {
  const counted = useMemo(() => points.filter((point) => point.count > 0), [points]);
  const lines = useMemo(
    () =>
      STYLES.map(({ quantile, ...style }): Line => {
        const values = counted.map(
          (point) => point.quantiles.find((value) => value.quantile === quantile)?.valueUs ?? null,
        );
        return {
          values,
          label: style.label,
          colour: style.colour,
          ...("dash" in style ? { dash: [...style.dash] } : {}),
        };
      }),
    [counted],
  );
  const timesMs = useMemo(() => counted.map((point) => point.startMs), [counted]);
  if (counted.length === 0)
    return <p class="empty">Nothing was counted in a closed window of this period; windows are ten seconds long.</p>;
  return <LineChart title={title} timesMs={timesMs} lines={lines} format={formatUs} isLogarithmic />;
}
