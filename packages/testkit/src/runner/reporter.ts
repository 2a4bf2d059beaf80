/**
 * A node:test reporter for machines: one JSON document a line, see {@link TestLine}. Suites (`describe`) are left out,
 * so that what is counted is tests.
 */
import { inspect } from "node:util";

/** One finished test, or output of a test file. */
export type TestLine =
  | {
      readonly kind: "test";
      readonly outcome: "passed" | "failed" | "skipped";
      readonly name: string;
      readonly file: string;
      readonly line: number;
      readonly ms: number;
      /** Why it was skipped, or what went wrong. */
      readonly detail: string;
    }
  | { readonly kind: "output"; readonly file: string; readonly text: string };

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly line?: number;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly message?: string;
    readonly details?: { readonly type?: string; readonly duration_ms?: number; readonly error?: Error };
  };
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const line = lineOf(event);
    if (line !== null) yield `${JSON.stringify(line)}\n`;
  }
}

function lineOf({ type, data }: TestEvent): TestLine | null {
  const file = data.file ?? "";
  if (type === "test:stdout" || type === "test:stderr") return { kind: "output", file, text: data.message ?? "" };
  if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") return null;
  const common = {
    kind: "test",
    name: data.name ?? "",
    file,
    line: data.line ?? 0,
    ms: data.details?.duration_ms ?? 0,
  } as const;
  if (type === "test:fail") return { ...common, outcome: "failed", detail: describeError(data.details?.error) };
  // A test that is yet to be written, or a file that holds none, must not pass for one that passed.
  if (isGiven(data.todo)) return { ...common, outcome: "failed", detail: "marked as still to be done" };
  if (common.name === file) return { ...common, outcome: "failed", detail: "the file holds no test" };
  if (isGiven(data.skip)) return { ...common, outcome: "skipped", detail: String(data.skip) };
  return { ...common, outcome: "passed", detail: "" };
}

function isGiven(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}

/** node:test wraps what was thrown; people want what was thrown, and our own lines of its stack. */
function describeError(error: Error | undefined): string {
  const text = inspect(error?.cause ?? error, { depth: 4, breakLength: 120 });
  return text.replaceAll(/^\s+at .*\(?node:(internal|async_hooks).*\n?/gm, "");
}
