import { type ErrorCode, OperatingError } from "@farmscope/runtime";

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["USAGE", "CONFIG_INVALID", "RULES_INVALID"]);
const MISSING_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["TOOL_MISSING", "BPF_UNAVAILABLE"]);

/** The exit code for an error: 2 usage or config, 3 something needed is missing, 1 anything else. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof OperatingError)) return 1;
  if (USAGE_CODES.has(error.code)) return 2;
  return MISSING_CODES.has(error.code) ? 3 : 1;
}
