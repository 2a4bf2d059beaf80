import { table } from "../output.ts";

/** One thing that this machine can or cannot do. */
export interface Finding {
  readonly group: "kernel" | "servers" | "set-up" | "data";
  readonly name: string;
  readonly ok: boolean;
  /** Whether Farmscope cannot run at all without it. */
  readonly needed: boolean;
  /** What was seen. */
  readonly detail: string;
  /** The way out when it is not ok; null otherwise. */
  readonly remedy: string | null;
}

/** The findings for people: a line each, and under those that are not ok the way out. */
export function renderFindings(findings: readonly Finding[]): string {
  const groups = [...new Set(findings.map((finding) => finding.group))];
  const lines = table(findings.map((finding) => [`  ${finding.ok ? "ok" : "no"}`, finding.name, finding.detail])).split(
    "\n",
  );
  const withRemedies = lines.map((line, index) => {
    const { ok, remedy } = findings[index]!;
    return ok || remedy === null ? line : `${line}\n      way out: ${remedy}`;
  });
  return groups
    .map((group) => [group, ...withRemedies.filter((_, index) => findings[index]!.group === group)].join("\n"))
    .join("\n\n");
}
