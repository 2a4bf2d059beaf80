/**
 * The functions of a Go program from its own table, .gopclntab, which stripping leaves in. Source: src/runtime/symtab.go
 * and src/internal/abi/symtab.go, Go 1.18 to 1.26.
 *
 *   0      4  6      7       8      16      24         32             40   48     56    64
 *   +------+--+------+-------+------+-------+----------+--------------+----+------+-----+----------+
 *   |magic |0 |quantum|ptrSize|nfunc|nfiles |(textStart)|funcnameOffset|cu |filetab|pctab|pclnOffset|
 *   +------+--+------+-------+------+-------+----------+--------------+----+------+-----+----------+
 *   pclnOffset: nfunc x {entryOffset u32, functionOffset u32}; each function: {entryOffset u32, nameOffset i32, …}
 *
 * Entry offsets count from the start of Go's text. Go 1.26 no longer writes that down: it is where .text starts, unless C
 * code was linked in ahead of it. A probe at a wrong place would break the program it is set in, so a binary with an
 * interpreter, which may hold such code, is then left alone.
 */
import { type ElfFile, textAt } from "./elf.ts";

const MAGIC_1_18 = 0xfffffff0;
const MAGIC_1_20 = 0xfffffff1;
const HEADER_BYTES = 72;
const TABLE_BYTES_MAX = 1 << 28;
const ENTRIES_PER_PIECE = 1 << 16;

/**
 * Searches for functions by their full names, in small pieces: it yields between them.
 * @returns addresses by name; empty when the table is of another version.
 */
export function* goFunctions(elf: ElfFile, names: readonly string[]): Generator<void, Map<string, number>> {
  const found = new Map<string, number>();
  const section = elf.section(".gopclntab") ?? elf.section(".data.rel.ro.gopclntab");
  const text = elf.section(".text");
  if (section === null || text === null || section.size > TABLE_BYTES_MAX) return found;
  const table = elf.read(section.offset, section.size);
  yield;
  if (table.length < HEADER_BYTES || ![MAGIC_1_18, MAGIC_1_20].includes(table.readUInt32LE(0))) return found;
  const noted = Number(table.readBigUInt64LE(24));
  if (noted === 0 && elf.section(".interp") !== null) return found;
  const textStart = noted === 0 ? text.address : noted;
  const wanted = nameOffsets(table, names);
  const functions = Number(table.readBigUInt64LE(8));
  const start = Number(table.readBigUInt64LE(64));
  for (let index = 0; index < functions && found.size < wanted.size; index++) {
    const entry = start + index * 8;
    if (entry + 8 > table.length) break;
    const details = start + table.readUInt32LE(entry + 4);
    const name = details + 8 <= table.length ? wanted.get(table.readUInt32LE(details + 4)) : undefined;
    if (name !== undefined) found.set(name, textStart + table.readUInt32LE(entry));
    if (index % ENTRIES_PER_PIECE === ENTRIES_PER_PIECE - 1) yield;
  }
  return found;
}

/** Offsets of the wanted names in the table of names. */
function nameOffsets(table: Buffer, names: readonly string[]): Map<number, string> {
  const start = Number(table.readBigUInt64LE(32));
  const end = Number(table.readBigUInt64LE(40));
  const offsets = new Map<number, string>();
  for (const name of names) {
    const at = table.indexOf(`\0${name}\0`, start, "latin1");
    if (at >= 0 && at < end && textAt(table, at + 1) === name) offsets.set(at + 1 - start, name);
  }
  return offsets;
}
