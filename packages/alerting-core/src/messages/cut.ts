/** Texts made to fit: a vendor that refuses a field would refuse the page with it. */

/** At most so many UTF-16 code units, well-formed, an ellipsis at its end when something was left out. */
export function cut(text: string, lengthMax: number): string {
  const whole = text.toWellFormed();
  if (whole.length <= lengthMax) return whole;
  // A pair must not be cut in two.
  return `${whole.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** A number as JSON can hold it. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Every value cut, and at most so many of them. */
export function cutValues(
  values: Readonly<Record<string, string>>,
  countMax: number,
  lengthMax: number,
): Record<string, string> {
  const entries = Object.entries(values).slice(0, countMax);
  return Object.fromEntries(entries.map(([name, value]) => [cut(name, 100), cut(value, lengthMax)]));
}

export function jsonBytes(body: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(body));
}
