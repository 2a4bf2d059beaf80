import type { ClassEntry } from "./modes.ts";

/** What the colours of a page map mean; a ramp of many steps takes one line. */
export function MapLegend({ entries }: { readonly entries: readonly ClassEntry[] }) {
  const single = entries.filter((entry) => entry.ramp === undefined);
  const ramps = Map.groupBy(
    entries.filter((entry) => entry.ramp !== undefined),
    (entry) => entry.ramp?.name ?? "",
  );
  return (
    <ul class="legend" aria-label="Legend">
      {single.map((entry) => (
        <li key={entry.label}>
          <i style={{ background: entry.colour }} /> {entry.label}
        </li>
      ))}
      {[...ramps].map(([name, steps]) => (
        <li key={name} class="ramp">
          {name} {steps[0]?.ramp?.step}{" "}
          {steps.map((step) => (
            <i key={step.label} style={{ background: step.colour }} title={step.label} />
          ))}{" "}
          {steps.at(-1)?.ramp?.step}
        </li>
      ))}
      {entries.length > 0 && <li>greyer: several of them in one pixel</li>}
    </ul>
  );
}
