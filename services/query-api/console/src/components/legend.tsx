import type { LegendEntry } from "../../../src/schemas/index.ts";

/** What the colours of a page map mean. */
export function Legend({ entries }: { readonly entries: readonly LegendEntry[] }) {
  return (
    <ul class="legend" aria-label="Legend">
      {entries.map((entry) => (
        <li key={`${entry.state}/${entry.order}`}>
          <i style={{ background: entry.colour }} /> {entry.label}
        </li>
      ))}
    </ul>
  );
}
