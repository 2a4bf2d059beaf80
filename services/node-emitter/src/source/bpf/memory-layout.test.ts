import assert from "node:assert/strict";
import { test } from "node:test";
import {
  grownRange,
  parseBuddyinfo,
  parseIomem,
  parseZoneinfo,
  readableRanges,
  type ZoneInfo,
} from "./memory-layout.ts";

/** Cut from a host of 24 GiB on Linux 6.18 that initialises its memory lazily. */
const ZONEINFO = `Node 0, zone    DMA32
  pages free     743202
        boost    0
        spanned  1044480
        present  782336
        managed  772915
        cma      0
      nr_free_pages 743202
  pagesets
    cpu: 0
              count:    5
              high:     14
    cpu: 1
              count:    37
              high:     14
  node_unreclaimable:  0
  start_pfn:           4096
Node 0, zone   Normal
  pages free     291564
        spanned  5505024
        present  5505024
        managed  589824
  pagesets
    cpu: 0
              count:    100
  start_pfn:           1048576
Node 0, zone  Movable
  pages free     0
        spanned  0
        present  0
        managed  0
`;

const NORMAL: ZoneInfo = {
  name: "Normal",
  numaNode: 0,
  startPfn: 1000,
  spanned: 1000,
  present: 1000,
  managed: 300,
  pcpPages: 0,
  frontierPfn: 1300,
};

test("zones with memory are read, per-CPU pages summed, and a lazily initialised zone has its frontier", () => {
  const [dma32, normal, ...others] = parseZoneinfo(ZONEINFO);
  assert.deepEqual(others, []);
  assert.deepEqual(dma32, {
    name: "DMA32",
    numaNode: 0,
    startPfn: 4096,
    spanned: 1044480,
    present: 782336,
    managed: 772915,
    pcpPages: 42,
    frontierPfn: 0,
  });
  assert.equal(normal.frontierPfn, 1048576 + 589824);
});

test("only whole frames of System RAM count", () => {
  const text =
    "00001000-0009fbff : System RAM\n000a0000-000fffff : PCI\n00100000-bfffffff : System RAM\n  01000000-02 : Kernel code\n";
  assert.deepEqual(parseIomem(text, 4096), [
    { first: 1, end: 0x9f },
    { first: 0x100, end: 0xc0000 },
  ]);
  assert.deepEqual(parseIomem("00000000-00000000 : System RAM\n", 4096), []);
});

test("free blocks are read by zone and order", () => {
  const text = "Node 0, zone      DMA      0      1      2 \nNode 1, zone   Normal   1590    955    454 \n";
  assert.deepEqual(
    [...parseBuddyinfo(text)],
    [
      ["0/DMA", [0, 1, 2]],
      ["1/Normal", [1590, 955, 454]],
    ],
  );
});

test("what lies at or above a frontier cannot be read about, but the zone behind it can", () => {
  const ram = [
    { first: 500, end: 1400 },
    { first: 1900, end: 3000 },
  ];
  assert.deepEqual(readableRanges(ram, [NORMAL]), [
    { first: 500, end: 1300 },
    { first: 2000, end: 3000 },
  ]);
});

test("growth opens the frames between the old frontier and the new one, and the rest when all is initialised", () => {
  assert.deepEqual(grownRange(NORMAL, { ...NORMAL, managed: 400, frontierPfn: 1400 }), { first: 1300, end: 1400 });
  assert.deepEqual(grownRange(NORMAL, { ...NORMAL, managed: 980, frontierPfn: 0 }), { first: 1300, end: 2000 });
  assert.equal(grownRange(NORMAL, NORMAL), null);
  assert.equal(grownRange(NORMAL, { ...NORMAL, managed: 200, frontierPfn: 1200 }), null);
});

test("growth of a zone with holes does not tell where", () => {
  assert.equal(grownRange(NORMAL, { ...NORMAL, spanned: 2000, managed: 400, frontierPfn: 0 }), null);
});
