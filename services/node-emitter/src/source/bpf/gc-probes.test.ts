import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { buildElf, type ElfToBuild, LOAD_ADDRESS, openedFor } from "./fixtures/elf-builder.ts";
import { findGcProbes, type GcProbe, goVersion, passesReason } from "./gc-probes.ts";

const V8_BEGIN = "_ZN2v88internal8GCTracer20StartObservablePauseENS_4base9TimeTicksE";
const V8_END = "_ZN2v88internal8GCTracer19StopObservablePauseENS0_16GarbageCollectorENS_4base9TimeTicksE";
const GO_NAMES = ["runtime.stopTheWorldWithSema", "runtime.gcMarkTermination", "runtime.startTheWorldWithSema"];

function probesOf(t: TestContext, elf: Buffer | ElfToBuild): readonly GcProbe[] {
  const search = findGcProbes(openedFor(t, Buffer.isBuffer(elf) ? elf : buildElf(elf)));
  for (;;) {
    const { done, value } = search.next();
    if (done === true) return value;
  }
}

function buildInfo(version: string): readonly [string, Buffer] {
  const header = Buffer.alloc(32);
  header.write("\xff Go buildinf:", "latin1");
  header[14] = 8;
  header[15] = 2;
  return [".go.buildinfo", Buffer.concat([header, Buffer.from([version.length]), Buffer.from(version)])];
}

const addresses = (names: readonly string[]): { name: string; address: number }[] =>
  names.map((name, index) => ({ name, address: LOAD_ADDRESS + 64 + index }));

test("V8's two functions are found by the beginning of their mangled names, parts split off are not taken", (t) => {
  const symbols = addresses([`${V8_BEGIN}.cold`, "main", V8_BEGIN, `${V8_END}.part.0`, V8_END]);
  assert.deepEqual(probesOf(t, { symbols }), [
    { program: "v8_pause_begin", offset: 66, cookie: 0 },
    { program: "v8_pause_end", offset: 68, cookie: 0 },
  ]);
});

test("a name is found wherever the pieces cut that a long table is read in", (t) => {
  const pieceBytes = 1 << 21;
  for (const nameFillerBytes of [pieceBytes - 30, pieceBytes - 3, pieceBytes - 2, pieceBytes - 1, pieceBytes + 5]) {
    const found = probesOf(t, { symbols: addresses([V8_BEGIN, V8_END]), nameFillerBytes });
    assert.equal(found.length, 2, `${nameFillerBytes}`);
  }
});

test("half of a pair is worth nothing", (t) => {
  assert.deepEqual(probesOf(t, { symbols: addresses([V8_BEGIN]) }), []);
});

const programsOf = (probes: readonly GcProbe[]): [string, number][] =>
  probes.map(({ program, cookie }) => [program, cookie]);

test("a Go binary is told by its build info; from 1.21 on the reason of a stop can be read", (t) => {
  const symbols = addresses([...GO_NAMES, "runtime.(*gcCPULimiterState).finishGCTransition"]);
  assert.deepEqual(programsOf(probesOf(t, { symbols, sections: [buildInfo("go1.26.8")] })), [
    ["go_transition_end", 0],
    ["go_stop_the_world", 1],
    ["go_mark_termination", 0],
    ["go_start_the_world", 1],
  ]);
  assert.deepEqual(programsOf(probesOf(t, { symbols, sections: [buildInfo("go1.20.14")] })), [
    ["go_stop_the_world", 0],
    ["go_mark_termination", 0],
    ["go_start_the_world", 0],
  ]);
});

test("without the function that ends the transition, the start of the world ends every pause", (t) => {
  assert.deepEqual(programsOf(probesOf(t, { symbols: addresses(GO_NAMES), sections: [buildInfo("go1.26.8")] })), [
    ["go_stop_the_world", 1],
    ["go_mark_termination", 0],
    ["go_start_the_world", 0],
  ]);
});

/** A .gopclntab with the three functions at 0x10, 0x20 and 0x30 of Go's text. */
function pclntab(textStart: number): Buffer {
  const names = Buffer.from(`\0other\0${GO_NAMES.join("\0")}\0`);
  const namesAt = 72;
  const functionsAt = namesAt + names.length + ((8 - (names.length % 8)) % 8);
  const table = Buffer.alloc(functionsAt + 3 * 8 + 3 * 8);
  table.writeUInt32LE(0xfffffff1, 0);
  table[7] = 8;
  table.writeBigUInt64LE(3n, 8);
  table.writeBigUInt64LE(BigInt(textStart), 24);
  table.writeBigUInt64LE(BigInt(namesAt), 32);
  table.writeBigUInt64LE(BigInt(namesAt + names.length), 40);
  table.writeBigUInt64LE(BigInt(functionsAt), 64);
  names.copy(table, namesAt);
  GO_NAMES.forEach((name, index) => {
    const details = 3 * 8 + index * 8;
    table.writeUInt32LE(0x10 * (index + 1), functionsAt + index * 8);
    table.writeUInt32LE(details, functionsAt + index * 8 + 4);
    table.writeInt32LE(names.indexOf(name), functionsAt + details + 4);
  });
  return table;
}

test("a stripped Go binary is read by its own function table", (t) => {
  const sections = [
    buildInfo("go1.22.0"),
    [".text", Buffer.alloc(64)],
    [".gopclntab", pclntab(LOAD_ADDRESS + 100)],
  ] as const;
  assert.deepEqual(
    probesOf(t, { sections }).map(({ offset }) => offset),
    [100 + 0x10, 100 + 0x20, 100 + 0x30],
  );
});

test("where the table does not say where the text starts, a binary that may hold C code is left alone", (t) => {
  const sections = [buildInfo("go1.26.0"), [".text", Buffer.alloc(64)], [".gopclntab", pclntab(0)]] as const;
  assert.equal(probesOf(t, { sections }).length, 3);
  assert.deepEqual(probesOf(t, { sections: [...sections, [".interp", Buffer.from("/lib/ld.so\0")]] }), []);
});

test("a file that is no ELF, is cut short or lies about its tables has nothing to offer", (t) => {
  assert.deepEqual(probesOf(t, Buffer.from("#!/bin/sh\n")), []);
  const whole = buildElf({ symbols: addresses([V8_BEGIN, V8_END]) });
  assert.deepEqual(probesOf(t, whole.subarray(0, 200)), []);
  const lying = Buffer.from(whole);
  lying.writeBigUInt64LE(2n ** 50n, 0x28);
  assert.deepEqual(probesOf(t, lying), []);
});

test("versions of Go are read and judged", () => {
  assert.equal(goVersion(buildInfo("go1.26.8")[1]), "go1.26.8");
  assert.equal(goVersion(Buffer.alloc(64)), null);
  assert.deepEqual(["go1.20.14", "go1.21", "go1.9", "devel go1.27-abc", "weird"].map(passesReason), [
    false,
    true,
    false,
    true,
    false,
  ]);
});
