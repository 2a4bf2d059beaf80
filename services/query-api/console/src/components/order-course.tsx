import { useMemo } from "preact/hooks";
import type { NodeFragmentationAnswer } from "../../../src/schemas/index.ts";
import { colourOn, useTheme } from "../charts/colours.ts";
import { formatBytes, formatMoment, formatShare } from "../format.ts";

/** A point of one order: what free memory is worth to it. */
export interface OrderCourse {
  readonly order: number;
  readonly points: readonly { readonly startMs: number; readonly pages: number; readonly unusableIndex: number }[];
}

export function coursesOf(answer: NodeFragmentationAnswer): OrderCourse[] {
  return answer.series.map(({ order, points }) => ({
    order,
    points: points.map(({ startMs, freeBlocks, unusableIndex }) => ({
      startMs,
      pages: freeBlocks * 2 ** order,
      unusableIndex,
    })),
  }));
}

/** As in the style sheet. */
const ROW_PX = 25;

/**
 * Free blocks by order over time: a row for each order, the largest on top, coloured by the free memory that lies in
 * blocks of it. Where a row is empty, there was none.
 */
export function OrderCourses({ courses, hugeOrder }: { courses: readonly OrderCourse[]; hugeOrder: number }) {
  const theme = useTheme();
  const rows = useMemo(() => [...courses].sort((a, b) => b.order - a.order), [courses]);
  const most = Math.log1p(rows.reduce((max, { points }) => points.reduce((m, p) => Math.max(m, p.pages), max), 1));
  const times = rows[0]?.points.map((point) => point.startMs) ?? [];
  if (times.length === 0)
    return <p class="empty">No window has closed in this period yet; windows are ten seconds long.</p>;
  const width = 100 / times.length;
  return (
    <div class="courses">
      <svg
        viewBox={`0 0 100 ${rows.length * ROW_PX}`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Free memory by order of block over time"
        style={{ height: `${rows.length * ROW_PX}px` }}
      >
        {rows.map(({ order, points }, row) =>
          points.map((point, column) => (
            <rect
              key={`${order}/${point.startMs}`}
              x={column * width}
              y={row * ROW_PX}
              width={width + 0.05}
              height={ROW_PX - 2}
              fill={point.pages === 0 ? "transparent" : colourOn(theme.plenty, Math.log1p(point.pages) / most)}
            >
              <title>{`${formatMoment(point.startMs)}: ${formatBytes(point.pages * 4096)} in blocks of order ${order}; ${formatShare(point.unusableIndex)} of free memory is unusable to it`}</title>
            </rect>
          )),
        )}
      </svg>
      <ul class="course-labels" aria-hidden="true">
        {rows.map(({ order }) => (
          <li key={order} class={order === hugeOrder ? "huge" : ""}>
            {formatBytes(2 ** order * 4096)}
          </li>
        ))}
      </ul>
      <p class="key course-key">
        <span>{formatMoment(times[0] as number)}</span>
        <span>
          none free
          <i class="scale outlined" style={{ background: theme.plentyGradient }} />{" "}
          {formatBytes(Math.expm1(most) * 4096)} free
        </span>
        <span>{formatMoment(times.at(-1) as number)}</span>
      </p>
    </div>
  );
}
