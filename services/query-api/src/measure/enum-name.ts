/**
 * The name of a generated enum's value, in lower case: OVER_LIMIT is "over_limit". "unknown" for a number that this
 * software does not know.
 */
export function enumName(values: Readonly<Record<string, number>>, value: number): string {
  const found = Object.entries(values).find(([, number]) => number === value);
  return found === undefined ? "unknown" : found[0].toLowerCase();
}
