/**
 * As much of ELF as finding functions takes: 64 bits, little-endian, sections, symbols, and where in the file a virtual
 * address lies. Source: System V ABI, chapters 4 and 5.
 */
import { readSync } from "node:fs";

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const SYMBOL_BYTES = 24;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PT_LOAD = 1;
/** Tables beyond are not looked at: a damaged header must not cost memory. */
const TABLE_BYTES_MAX = 1 << 20;
const STRINGS_BYTES_MAX = 1 << 28;
/** What is read and searched between two yields: about two milliseconds of work. */
const PIECE_BYTES = 1 << 21;

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  /** Index of the section that this one refers to: of a symbol table, its names. */
  readonly link: number;
}

interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** An open ELF file. The descriptor is the caller's. */
export class ElfFile {
  readonly sections: readonly ElfSection[];
  readonly #fd: number;
  readonly #segments: readonly Segment[];

  private constructor(fd: number, header: Buffer) {
    this.#fd = fd;
    this.#segments = readSegments(fd, header);
    this.sections = readSections(fd, header);
  }

  /** @returns null when it is not an ELF file of this kind. */
  static open(fd: number): ElfFile | null {
    const header = readBytes(fd, 0, HEADER_BYTES);
    if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== 0x7f454c46) return null;
    return header[4] === CLASS_64 && header[5] === LITTLE_ENDIAN ? new ElfFile(fd, header) : null;
  }

  section(name: string): ElfSection | null {
    return this.sections.find((section) => section.name === name) ?? null;
  }

  /** Bytes of the file; fewer where it ends. */
  read(offset: number, size: number): Buffer {
    return readBytes(this.#fd, offset, size);
  }

  /** Where in the file a virtual address lies; null when nowhere. */
  fileOffset(address: number): number | null {
    for (const segment of this.#segments) {
      const inside = address - segment.address;
      if (inside >= 0 && inside < segment.size) return segment.offset + inside;
    }
    return null;
  }

  /**
   * Searches a symbol table for names that begin like one of `prefixes`, in small pieces: it yields between them.
   * @returns the address of the first symbol of each full name.
   */
  *symbols(table: ElfSection, prefixes: readonly string[]): Generator<void, Map<string, number>> {
    const names = yield* this.#nameOffsets(this.sections[table.link], prefixes);
    const found = new Map<string, number>();
    const piece = PIECE_BYTES - (PIECE_BYTES % SYMBOL_BYTES);
    for (let done = 0; names.size > 0 && done < table.size; done += piece) {
      const bytes = this.read(table.offset + done, Math.min(piece, table.size - done));
      for (let at = 0; at + SYMBOL_BYTES <= bytes.length; at += SYMBOL_BYTES) {
        const name = names.get(bytes.readUInt32LE(at));
        const address = name === undefined ? 0 : Number(bytes.readBigUInt64LE(at + 8));
        if (name !== undefined && address !== 0 && !found.has(name)) found.set(name, address);
      }
      yield;
    }
    return found;
  }

  /** Offsets in a string table of the names that begin like one of `prefixes`. */
  *#nameOffsets(strings: ElfSection | undefined, prefixes: readonly string[]): Generator<void, Map<number, string>> {
    const offsets = new Map<number, string>();
    if (strings === undefined || strings.size > STRINGS_BYTES_MAX) return offsets;
    const overlap = 1024;
    for (let done = 0; done < strings.size; done += PIECE_BYTES) {
      const bytes = this.read(strings.offset + done, Math.min(PIECE_BYTES + overlap, strings.size - done));
      for (const prefix of prefixes) {
        const wanted = Buffer.from(`\0${prefix}`, "latin1");
        for (let at = bytes.indexOf(wanted); at >= 0 && at < PIECE_BYTES; at = bytes.indexOf(wanted, at + 1)) {
          offsets.set(done + at + 1, textAt(bytes, at + 1));
        }
      }
      yield;
    }
    return offsets;
  }
}

function readSections(fd: number, header: Buffer): ElfSection[] {
  const offset = Number(header.readBigUInt64LE(0x28));
  const count = header.readUInt16LE(0x3c);
  const table = readBytes(fd, offset, Math.min(count * SECTION_BYTES, TABLE_BYTES_MAX));
  const raw = Array.from({ length: Math.floor(table.length / SECTION_BYTES) }, (_, index) => {
    const at = index * SECTION_BYTES;
    return {
      nameOffset: table.readUInt32LE(at),
      address: Number(table.readBigUInt64LE(at + 0x10)),
      offset: Number(table.readBigUInt64LE(at + 0x18)),
      size: Number(table.readBigUInt64LE(at + 0x20)),
      link: table.readUInt32LE(at + 0x28),
    };
  });
  const strings = raw[header.readUInt16LE(0x3e)];
  if (strings === undefined) return [];
  const names = readBytes(fd, strings.offset, Math.min(strings.size, TABLE_BYTES_MAX));
  return raw.map(({ nameOffset, ...section }) => ({ name: textAt(names, nameOffset), ...section }));
}

function readSegments(fd: number, header: Buffer): Segment[] {
  const offset = Number(header.readBigUInt64LE(0x20));
  const count = header.readUInt16LE(0x38);
  const table = readBytes(fd, offset, Math.min(count * SEGMENT_BYTES, TABLE_BYTES_MAX));
  const segments: Segment[] = [];
  for (let at = 0; at + SEGMENT_BYTES <= table.length; at += SEGMENT_BYTES) {
    if (table.readUInt32LE(at) !== PT_LOAD) continue;
    segments.push({
      offset: Number(table.readBigUInt64LE(at + 0x08)),
      address: Number(table.readBigUInt64LE(at + 0x10)),
      size: Number(table.readBigUInt64LE(at + 0x20)),
    });
  }
  return segments;
}

/** The text that begins at a place and ends at the next zero byte. */
export function textAt(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString("latin1", start, end < 0 ? bytes.length : end);
}

function readBytes(fd: number, offset: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  return bytes.subarray(0, readSync(fd, bytes, 0, size, offset));
}
