import type { ComponentChildren } from "preact";
import { formatNines } from "../format.ts";
import type { Polled } from "../use-poll.ts";

/** A section with a heading and, at its right, what can be chosen. */
export function Card(props: {
  readonly title: string;
  readonly note?: string | undefined;
  readonly tools?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <section class={`card ${props.class ?? ""}`}>
      <div class="card-head">
        <h2>
          {props.title} {props.note !== undefined && <small>{props.note}</small>}
        </h2>
        {props.tools !== undefined && <div class="tools">{props.tools}</div>}
      </div>
      {props.children}
    </section>
  );
}

/** One number with its name and what it means. */
export function Tile(props: {
  readonly label: string;
  readonly value: string;
  readonly note?: ComponentChildren;
  readonly tone?: "good" | "warning" | "bad" | undefined;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={`tile ${props.tone ?? ""}`}>
      <div class="tile-label">{props.label}</div>
      <div class="tile-value">{props.value}</div>
      {props.children}
      {props.note !== undefined && <div class="tile-note">{props.note}</div>}
    </div>
  );
}

/**
 * What stands for an answer that is not there: asking, none, or failed. An answer that has grown stale is shown by its
 * own view, with {@link Staleness} above it.
 * @param empty what is said when there is no such thing (404).
 */
export function Waiting({ polled, empty, what }: { polled: Polled<unknown>; empty: string; what: string }) {
  if (polled.isAbsent) return <p class="empty">{empty}</p>;
  if (polled.error !== null) {
    return (
      <p class="notice error" role="alert">
        {polled.error}
      </p>
    );
  }
  return (
    <p class="skeleton" role="status">
      {what}
    </p>
  );
}

/** Says that what is shown is not the newest, and why. */
export function Staleness({ polled }: { readonly polled: Polled<unknown> }) {
  if (polled.error === null || polled.value === null) return null;
  return <p class="notice error">Not fresh: {polled.error}</p>;
}

const FULL = 0.9999;

/** How much of what should have been seen was seen; silent when it was all of it. */
export function CoverageBadge({ coverage }: { readonly coverage: number }) {
  if (coverage >= FULL) return null;
  return (
    <span class={`badge ${coverage < 0.9 ? "bad" : "warning"}`} title="Share of what should have been counted that was">
      coverage {formatNines(coverage)}
    </span>
  );
}

/** A choice of few: buttons of which one is pressed. */
export function Choice<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly options: Readonly<Record<T, string>>;
  readonly onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice" aria-label={props.label}>
      {(Object.entries(props.options) as [T, string][]).map(([value, title]) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {title}
        </button>
      ))}
    </fieldset>
  );
}

/** What may be wider than its place: it scrolls, by keys too. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
