import { existsSync, readFileSync } from "node:fs";
import { cpus, hostname, release } from "node:os";
import { create, type MemoryGauges, MemoryGaugesSchema, type NodeFacts, NodeFactsSchema } from "@farmscope/proto";
import { messageOf, OperatingError } from "@farmscope/runtime";
import type { FrameRange, ZoneInfo } from "./memory-layout.ts";

/** What of the host does not change while it runs. */
export interface Machine {
  readonly id: string;
  readonly boot: string;
  readonly pageBytes: number;
  /** Order of a transparent huge page. */
  readonly hugeOrder: number;
  /** Bit o is set when blocks of order o are freed to the per-CPU lists. */
  readonly pcpOrderMask: number;
}

const HUGE_PAGE_SIZE = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
/** 2 MiB, where the kernel does not say. */
const HUGE_BYTES_DEFAULT = 2 * 2 ** 20;
/** PAGE_ALLOC_COSTLY_ORDER, include/linux/mmzone.h. */
const COSTLY_ORDER = 3;

/**
 * Reads the host's identity and page sizes.
 * @param nodeId overrides the machine id; "" does not.
 * @throws {OperatingError} SOURCE_UNREADABLE.
 */
export function readMachine(nodeId: string, pageBytes: number): Machine {
  const hugeBytes = existsSync(HUGE_PAGE_SIZE) ? Number(readText(HUGE_PAGE_SIZE)) : HUGE_BYTES_DEFAULT;
  const hugeOrder = Math.round(Math.log2(hugeBytes / pageBytes));
  return {
    id: nodeId === "" ? readText("/etc/machine-id").trim() : nodeId,
    boot: readText("/proc/sys/kernel/random/boot_id").trim(),
    pageBytes,
    hugeOrder,
    pcpOrderMask: pcpOrderMask(release(), existsSync(HUGE_PAGE_SIZE) ? hugeOrder : null),
  };
}

/**
 * Orders kept on per-CPU lists. Source: pcp_allowed_order, mm/page_alloc.c: since 5.13 (commit 44042b449872) all up to
 * the costly order, and that of a transparent huge page; before, only order 0.
 */
export function pcpOrderMask(kernelRelease: string, hugeOrder: number | null): number {
  const [major, minor] = kernelRelease.split(".").map(Number);
  if (major < 5 || (major === 5 && minor < 13)) return 1;
  return 2 ** (COSTLY_ORDER + 1) - 1 + (hugeOrder === null ? 0 : 2 ** hugeOrder);
}

export interface FactsInput {
  readonly machine: Machine;
  readonly zones: readonly ZoneInfo[];
  readonly ram: readonly FrameRange[];
  readonly maxOrder: number;
  readonly absent: readonly string[];
}

/** What must be known of this host to read its events. */
export function factsOf({ machine, zones, ram, maxOrder, absent }: FactsInput): NodeFacts {
  return create(NodeFactsSchema, {
    hostname: hostname(),
    nodeLabel: hostname(),
    kernelRelease: release(),
    architecture: process.arch === "x64" ? "x86_64" : process.arch,
    source: "bpf",
    cpus: cpus().length,
    pageSizeBytes: machine.pageBytes,
    maxOrder,
    hugeOrder: machine.hugeOrder,
    pcpOrderMask: machine.pcpOrderMask,
    zones: zones.map(({ pcpPages: _, ...zone }) => zone),
    ram: ram.map(({ first, end }) => ({ first, count: end - first })),
    absent: [...absent],
  });
}

/** Free blocks and per-CPU pages of every zone at a tick. */
export function gaugesOf(
  tick: number,
  zones: readonly ZoneInfo[],
  freeBlocks: ReadonlyMap<string, readonly number[]>,
): MemoryGauges {
  return create(MemoryGaugesSchema, {
    tick: BigInt(tick),
    zones: zones.map(({ name, numaNode, pcpPages, managed }) => ({
      name,
      numaNode,
      freeBlocks: [...(freeBlocks.get(`${numaNode}/${name}`) ?? [])],
      pcpPages,
      managed,
    })),
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new OperatingError("SOURCE_UNREADABLE", `${path}: ${messageOf(cause)}`, { cause });
  }
}
