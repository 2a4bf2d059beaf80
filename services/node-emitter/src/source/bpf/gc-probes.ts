/**
 * Where in a binary the functions are that begin and end a garbage collection pause. See bpf/gc.bpf.c for what the probes
 * on them do.
 */
import { ElfFile, type ElfSection, textAt } from "./elf.ts";
import { goFunctions } from "./go-pclntab.ts";

/** One uprobe to attach. */
export interface GcProbe {
  /** Name of the kernel program. */
  readonly program: string;
  /** In the file. */
  readonly offset: number;
  /** What the program is told: see there. */
  readonly cookie: number;
}

const V8_PROGRAMS: ReadonlyMap<string, string> = new Map([
  ["_ZN2v88internal8GCTracer20StartObservablePauseE", "v8_pause_begin"],
  ["_ZN2v88internal8GCTracer19StopObservablePauseE", "v8_pause_end"],
]);

const GO_PROGRAMS: ReadonlyMap<string, string> = new Map([
  ["runtime.stopTheWorldWithSema", "go_stop_the_world"],
  ["runtime.gcMarkTermination", "go_mark_termination"],
  ["runtime.startTheWorldWithSema", "go_start_the_world"],
]);

/** Ends sweep termination where Go itself ends it; Go does without before 1.19. */
const GO_TRANSITION = "runtime.(*gcCPULimiterState).finishGCTransition";

/** Since Go 1.21 runtime.stopTheWorldWithSema is told the reason, in the first argument. */
const GO_MINOR_WITH_REASON = 21;
const BUILD_INFO_MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
const BUILD_INFO_VERSION_AT = 32;
const BUILD_INFO_INLINE = 2;

/**
 * Finds the probes of a binary, in small pieces: it yields between them.
 * @param fd of the open file; the caller's.
 * @returns all that its runtime needs, or none when it is of no known runtime or lacks one of the functions.
 */
export function* findGcProbes(fd: number): Generator<void, readonly GcProbe[]> {
  const elf = ElfFile.open(fd);
  if (elf === null) return [];
  const buildInfo = elf.section(".go.buildinfo");
  return buildInfo === null ? yield* findV8(elf) : yield* findGo(elf, buildInfo);
}

function* findV8(elf: ElfFile): Generator<void, readonly GcProbe[]> {
  for (const table of symbolTables(elf)) {
    const found = yield* elf.symbols(table, [...V8_PROGRAMS.keys()]);
    const addresses = new Map<string, number>();
    for (const [name, address] of found) {
      // What follows the prefix is the mangled signature, which differs by version; parts that the compiler split off
      // (".cold") are not the function.
      const prefix = [...V8_PROGRAMS.keys()].find((candidate) => name.startsWith(candidate));
      if (prefix !== undefined && !name.includes(".")) addresses.set(prefix, address);
    }
    const probes = probesAt(elf, addresses, V8_PROGRAMS);
    if (probes.length > 0) return probes;
  }
  return [];
}

function* findGo(elf: ElfFile, buildInfo: ElfSection): Generator<void, readonly GcProbe[]> {
  const version = goVersion(elf.read(buildInfo.offset, Math.min(buildInfo.size, 256)));
  const hasReason = version !== null && passesReason(version);
  const names = [...GO_PROGRAMS.keys(), GO_TRANSITION];
  for (const table of symbolTables(elf)) {
    const probes = goProbesAt(elf, yield* elf.symbols(table, names), hasReason);
    if (probes.length > 0) return probes;
  }
  return goProbesAt(elf, yield* goFunctions(elf, names), hasReason);
}

/** Where no reason is told, sweep termination cannot be known from other stops: the transition is then of no use. */
function goProbesAt(elf: ElfFile, addresses: ReadonlyMap<string, number>, hasReason: boolean): readonly GcProbe[] {
  const transition = hasReason ? probesAt(elf, addresses, new Map([[GO_TRANSITION, "go_transition_end"]])) : [];
  const cookies: Record<string, boolean> = {
    go_stop_the_world: hasReason,
    go_start_the_world: transition.length > 0,
  };
  const probes = probesAt(elf, addresses, GO_PROGRAMS);
  if (probes.length === 0) return [];
  return [...transition, ...probes.map((probe) => ({ ...probe, cookie: cookies[probe.program] ? 1 : 0 }))];
}

function symbolTables(elf: ElfFile): ElfSection[] {
  return [elf.section(".symtab"), elf.section(".dynsym")].filter((section) => section !== null);
}

/** All programs or none: half of a pair would measure nothing. */
function probesAt(
  elf: ElfFile,
  addresses: ReadonlyMap<string, number>,
  programs: ReadonlyMap<string, string>,
): readonly GcProbe[] {
  const probes: GcProbe[] = [];
  for (const [name, program] of programs) {
    const address = addresses.get(name);
    const offset = address === undefined ? null : elf.fileOffset(address);
    if (offset === null) return [];
    probes.push({ program, offset, cookie: 0 });
  }
  return probes;
}

/** The version in a .go.buildinfo section, "go1.26.8"; null before Go 1.18. Source: src/debug/buildinfo, Go 1.26. */
export function goVersion(section: Buffer): string | null {
  if (section.length <= BUILD_INFO_VERSION_AT || !section.subarray(0, 14).equals(BUILD_INFO_MAGIC)) return null;
  if ((section[15] & BUILD_INFO_INLINE) === 0) return null;
  const length = section[BUILD_INFO_VERSION_AT]; // a varint; no version is longer than 127 characters
  const text = section.subarray(BUILD_INFO_VERSION_AT + 1, BUILD_INFO_VERSION_AT + 1 + length);
  return length < 128 ? textAt(Buffer.from(text), 0) : null;
}

/** Development versions ("devel go1.27-…") count as new. */
export function passesReason(version: string): boolean {
  const match = /^go1\.(\d+)/.exec(version);
  return match === null ? version.startsWith("devel") : Number(match[1]) >= GO_MINOR_WITH_REASON;
}
