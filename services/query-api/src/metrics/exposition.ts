/**
 * Prometheus' text format, version 0.0.4: families with HELP and TYPE once, their samples contiguous.
 * Source: Prometheus, "Exposition formats", text-based format.
 */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

/** A single value behind a bucket, with labels that lead to it. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  /** Unix time. */
  readonly atS: number;
}

export interface Sample {
  /** Behind the family's name: "_sum", "_count", "_bucket"; "" for plain families. */
  readonly suffix: string;
  readonly labels: Labels;
  readonly value: number;
  /** Shown by OpenMetrics only, behind buckets. */
  readonly exemplar?: Exemplar;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly samples: readonly Sample[];
}

/** A sample of a family without parts. */
export const sample = (value: number, labels: Labels = {}): Sample => ({ suffix: "", labels, value });

/** The families as text; those without samples are left out. */
export function exposition(families: readonly Family[]): string {
  return families
    .filter((family) => family.samples.length > 0)
    .map(familyText)
    .join("");
}

function familyText({ name, help, type, samples }: Family): string {
  const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  return (
    head +
    samples.map(({ suffix, labels, value }) => `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`).join("")
  );
}

/**
 * OpenMetrics, version 1.0.0: the same families, but that a counter's family is named without its "_total", buckets may
 * carry exemplars, and an end is marked.
 * Source: OpenMetrics 1.0.0, "Text format" and "Exemplars".
 */
export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export function openMetrics(families: readonly Family[]): string {
  const texts = families.filter((family) => family.samples.length > 0).map(openMetricsFamily);
  return `${texts.join("")}# EOF\n`;
}

function openMetricsFamily({ name, help, type, samples }: Family): string {
  const family = type === "counter" ? name.replace(/_total$/, "") : name;
  const lines = samples.map(
    ({ suffix, labels, value, exemplar }) =>
      `${name}${suffix}${labelText(labels)} ${numberText(value)}${exemplarText(exemplar)}\n`,
  );
  return `# HELP ${family} ${escapeLabel(help)}\n# TYPE ${family} ${type}\n${lines.join("")}`;
}

/** Characters that the names and values of an exemplar's labels may have together. Source: OpenMetrics 1.0.0. */
export const EXEMPLAR_CHARACTERS_MAX = 128;

/** An exemplar whose labels are too long is left out: the sample counts without it. */
function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return "";
  const characters = Object.entries(exemplar.labels).reduce(
    (sum, [name, value]) => sum + [...name, ...value].length,
    0,
  );
  if (characters > EXEMPLAR_CHARACTERS_MAX) return "";
  return ` # ${labelText(exemplar.labels) || "{}"} ${numberText(exemplar.value)} ${exemplar.atS.toFixed(3)}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
