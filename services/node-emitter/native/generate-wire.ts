/**
 * Writes src/source/wire.gen.ts from bpf/include/wire.h: sizes and offsets from its _Static_asserts, which every compiler
 * of the header has checked, its named numbers and its enums.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HEADER = fileURLToPath(new URL("../../../bpf/include/wire.h", import.meta.url));
export const GENERATED = fileURLToPath(new URL("../src/source/wire.gen.ts", import.meta.url));

/** The text of wire.gen.ts for a header. */
export function generateWire(header: string): string {
  const parts = [
    "// Generated from bpf/include/wire.h by services/node-emitter/native/generate-wire.ts. Do not edit.",
    ...[...header.matchAll(/^#define (WIRE_\w+) (\d+)/gm)].map(([, name, value]) => `export const ${name} = ${value};`),
    ...[...header.matchAll(/^enum (wire_\w+) \{(.*?)^\};/gms)].map(([, name, body]) => enumText(name, body)),
    ...[...header.matchAll(/^struct (wire_\w+) \{(.*?)^\};/gms)].map(([, name, body]) =>
      structText(header, name, body),
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The text for the header as it is. */
export function generateFromHeader(): string {
  return generateWire(readFileSync(HEADER, "utf8"));
}

function enumText(name: string, body: string): string {
  const members = [...body.matchAll(/WIRE_(\w+) = (\d+)/g)].map(([, member, value]) => `  ${member}: ${value},`);
  return `export const ${name.toUpperCase()} = {\n${members.join("\n")}\n} as const;`;
}

/** Size and offsets in bytes. The first field stands at 0; every other must have its assertion. */
function structText(header: string, name: string, body: string): string {
  const fields = [...body.matchAll(/^\t\w+ (\w+)(?:\[\w+\])?;/gm)]
    .map(([, field]) => field)
    .filter((field) => field !== "reserved");
  const lines = fields.map((field, index) => {
    const offset = index === 0 ? 0 : asserted(header, `offsetof(struct ${name}, ${field})`);
    if (offset === undefined) throw new Error(`wire.h asserts no offset of ${name}.${field}`);
    return `  ${camelCase(field)}: ${offset},`;
  });
  const size = asserted(header, `sizeof(struct ${name})`);
  if (size === undefined) throw new Error(`wire.h asserts no size of ${name}`);
  return `export const ${name.toUpperCase()} = {\n  size: ${size},\n${lines.join("\n")}\n} as const;`;
}

function asserted(header: string, expression: string): number | undefined {
  const assertion = `_Static_assert(${expression} == `;
  const start = header.indexOf(assertion);
  return start < 0 ? undefined : Number.parseInt(header.slice(start + assertion.length), 10);
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(GENERATED, generateFromHeader());
