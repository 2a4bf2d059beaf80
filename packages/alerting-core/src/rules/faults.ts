import { OperatingError } from "@farmscope/runtime";

/** Where in a document: keys and indexes from its root. */
export type FaultPath = readonly (string | number)[];

/** One thing wrong with a rules file. */
export interface RuleFault {
  readonly file: string;
  /** From 1; 0 when the file could not be read at all. */
  readonly line: number;
  readonly column: number;
  /** Such as "groups[0].rules[1].critical.above"; "" for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** "groups[0].rules[1].signal" of its parts. */
export function pathText(path: FaultPath): string {
  return path.map((part, at) => (typeof part === "number" ? `[${part}]` : at === 0 ? part : `.${part}`)).join("");
}

/** A fault as a compiler would write it: "default.yaml:12:9: groups[0].rules[1].signal must be …". */
export function faultText(fault: RuleFault): string {
  const place = fault.line === 0 ? fault.file : `${fault.file}:${fault.line}:${fault.column}`;
  return `${place}: ${fault.path === "" ? "" : `${fault.path} `}${fault.message}`;
}

/** The rules cannot be used; its message lists every fault. Code RULES_INVALID. */
export class RulesInvalid extends OperatingError {
  readonly faults: readonly RuleFault[];

  constructor(faults: readonly RuleFault[]) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super("RULES_INVALID", [`${count} in the alert rules`, ...faults.map(faultText)].join("\n  "));
    this.name = "RulesInvalid";
    this.faults = faults;
  }
}
