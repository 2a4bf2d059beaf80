/**
 * Texts of annotations: "{{ .farm }}: {{ .value | percent }} of free memory is unusable". A placeholder is a field, then
 * any number of filters; there is nothing else to know.
 */
import { formatBytes, formatDurationUs, formatNumber, formatPercent } from "./format.ts";

export type TemplateValue = string | number;

type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "placeholder"; readonly field: string; readonly filters: readonly FilterName[] };

/** A parsed text. */
export interface Template {
  readonly source: string;
  readonly segments: readonly Segment[];
}

/** What is wrong with a template, and where in it. */
export interface TemplateFault {
  /** Characters from its start. */
  readonly offset: number;
  readonly message: string;
}

/** Filters by name: each takes a number and gives a text. `duration` takes microseconds. */
export const TEMPLATE_FILTERS = {
  percent: formatPercent,
  duration: formatDurationUs,
  bytes: formatBytes,
} as const;
type FilterName = keyof typeof TEMPLATE_FILTERS;

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;
const FIELD = /^\.[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Parses a template and checks it against the fields that will exist.
 * @returns the template, usable only when there are no faults, and every fault.
 */
export function parseTemplate(
  source: string,
  fields: readonly string[],
): { readonly template: Template; readonly faults: readonly TemplateFault[] } {
  const segments: Segment[] = [];
  const faults: TemplateFault[] = [];
  let end = 0;
  for (const match of source.matchAll(PLACEHOLDER)) {
    addText(source.slice(end, match.index), end, segments, faults);
    end = match.index + match[0].length;
    const placeholder = parsePlaceholder(match[1]!, fields);
    if (typeof placeholder === "string") faults.push({ offset: match.index, message: placeholder });
    else segments.push(placeholder);
  }
  addText(source.slice(end), end, segments, faults);
  return { template: { source, segments }, faults };
}

function addText(text: string, offset: number, segments: Segment[], faults: TemplateFault[]): void {
  const open = text.indexOf("{{");
  if (open !== -1) faults.push({ offset: offset + open, message: "'{{' is never closed" });
  if (text !== "") segments.push({ kind: "text", text });
}

/** @returns the placeholder, or what is wrong with it. */
function parsePlaceholder(inside: string, fields: readonly string[]): Segment | string {
  const [field, ...filters] = inside.split("|").map((part) => part.trim()) as [string, ...string[]];
  if (!FIELD.test(field)) return `a placeholder begins with a field such as .farm, not '${field}'`;
  const name = field.slice(1);
  if (!fields.includes(name)) return `unknown field '.${name}'; there are ${list(fields)}`;
  const unknown = filters.find((filter) => !Object.hasOwn(TEMPLATE_FILTERS, filter));
  if (unknown !== undefined) return `unknown filter '${unknown}'; there are ${list(Object.keys(TEMPLATE_FILTERS))}`;
  if (filters.length > 1) return "one filter is enough: a filtered value is a text";
  return { kind: "placeholder", field: name, filters: filters as FilterName[] };
}

function list(names: readonly string[]): string {
  return names.toSorted().join(", ");
}

/**
 * Fills a template. What cannot be filled (a field without a value, a filter on a text) becomes "?" and is reported, so
 * that a notification never fails for its wording.
 */
export function renderTemplate(
  template: Template,
  values: Readonly<Record<string, TemplateValue>>,
): { readonly text: string; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const text = template.segments.map((segment) =>
    segment.kind === "text" ? segment.text : fill(segment.field, segment.filters, values, faults),
  );
  return { text: text.join(""), faults };
}

function fill(
  field: string,
  filters: readonly FilterName[],
  values: Readonly<Record<string, TemplateValue>>,
  faults: string[],
): string {
  const value = Object.hasOwn(values, field) ? values[field] : undefined;
  const [filter] = filters;
  if (value === undefined) {
    faults.push(`'.${field}' has no value`);
    return "?";
  }
  if (filter === undefined) return typeof value === "number" ? formatNumber(value) : value;
  if (typeof value === "number") return TEMPLATE_FILTERS[filter](value);
  faults.push(`'.${field}' is a text, which the filter '${filter}' cannot take`);
  return "?";
}
