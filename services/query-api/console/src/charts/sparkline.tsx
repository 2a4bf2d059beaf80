/** A small line without axes, as wide as its place; values 0..1. Gaps break it. */
export function Sparkline({ values, label }: { readonly values: readonly (number | null)[]; readonly label: string }) {
  const points = values.map((value, index) =>
    value === null
      ? null
      : `${((index / Math.max(1, values.length - 1)) * 100).toFixed(2)},${(29 - value * 28).toFixed(2)}`,
  );
  const path = points.reduce<string>((text, point, index) => {
    if (point === null) return text;
    return `${text}${points[index - 1] == null ? "M" : "L"}${point} `;
  }, "");
  return (
    <svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
