import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { messageOf, OperatingError } from "@farmscope/runtime";
import { ownersMount } from "./cgroup-names.ts";
import { readRam } from "./memory-layout.ts";
import { loadNative } from "./native.ts";
import { openGroups, presentGroups } from "./open-groups.ts";

/** One thing that this machine can or cannot do. */
export interface Capability {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
  /** The way out when it is not ok; null otherwise. */
  readonly remedy: string | null;
}

/** What a look came to: what was seen, or what is wrong. */
type Look = () => string;

const BTF = "/sys/kernel/btf/vmlinux";
const KPAGEFLAGS = "/proc/kpageflags";
const UPROBES = "/sys/bus/event_source/devices/uprobe/type";
const LOCKDOWN = "/sys/kernel/security/lockdown";
/** Bits of CapEff. Source: include/uapi/linux/capability.h. */
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;
const RING_BYTES_FOR_TRIAL = 64 * 1024;

const SHIM = "native shim";
const PRIVILEGES = "privileges";
const PROGRAMS = "kernel programs";
/** Without one of these there are no events from the kernel, in the order in which one needs the other. */
const NEEDED = [SHIM, PRIVILEGES, "BTF", "page frames", "physical memory", PROGRAMS];

/**
 * Looks at what this machine can do. Loads the kernel programs and attaches them for a moment, which takes up to a
 * second; nothing stays behind.
 */
export async function probe(): Promise<Capability[]> {
  return [
    look(SHIM, shim, "run sh infra/setup.sh"),
    look(PRIVILEGES, privileges, "run as root, or grant CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN"),
    look("BTF", btf, "boot a kernel built with CONFIG_DEBUG_INFO_BTF (Debian's are)"),
    look("page frames", pageFrames, "run as root, on a kernel built with CONFIG_PROC_PAGE_MONITOR"),
    look("physical memory", physicalMemory, "run as root: others see no addresses in /proc/iomem"),
    look(PROGRAMS, programs, "see the reason; the recorded trace is played meanwhile"),
    look("uprobes", uprobes, "boot a kernel built with CONFIG_UPROBE_EVENTS; without it GC pauses are not seen"),
    look("cgroups", cgroups, "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified; without it owners have no names"),
    look("lockdown", lockdown, "boot with lockdown=integrity or none: confidentiality forbids BPF to read memory"),
  ];
}

/** Why the kernel of this machine cannot be the source of events; null when it can. */
export async function whyNoBpf(): Promise<string | null> {
  const capabilities = new Map((await probe()).map((capability) => [capability.name, capability]));
  for (const name of NEEDED) {
    const capability = capabilities.get(name);
    if (capability !== undefined && !capability.ok) return `${name}: ${capability.detail}`;
  }
  return null;
}

function look(name: string, see: Look, remedy: string): Capability {
  try {
    return { name, ok: true, detail: see(), remedy: null };
  } catch (error) {
    const better = error instanceof OperatingError ? error.remedy : undefined;
    return { name, ok: false, detail: messageOf(error), remedy: better ?? remedy };
  }
}

function shim(): string {
  return `loaded, pages of ${loadNative().pageBytes()} bytes`;
}

function privileges(): string {
  const effective = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`,
  );
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
  if (has(CAP_SYS_ADMIN)) return process.getuid?.() === 0 ? "root" : "CAP_SYS_ADMIN";
  if (has(CAP_BPF) && has(CAP_PERFMON)) return "CAP_BPF and CAP_PERFMON";
  throw new Error("neither CAP_SYS_ADMIN nor CAP_BPF with CAP_PERFMON");
}

function btf(): string {
  if (!existsSync(BTF)) throw new Error(`${BTF} is not there`);
  return BTF;
}

function pageFrames(): string {
  const fd = openSync(KPAGEFLAGS, "r");
  try {
    const entry = Buffer.alloc(8);
    if (readSync(fd, entry, 0, 8, 0) !== 8) throw new Error(`${KPAGEFLAGS} is empty`);
  } finally {
    closeSync(fd);
  }
  return KPAGEFLAGS;
}

function physicalMemory(): string {
  const frames = readRam(4096).reduce((sum, { first, end }) => sum + end - first, 0);
  if (frames === 0) throw new Error("/proc/iomem hides its addresses");
  return `${(frames / 2 ** 18).toFixed(1)} GiB`;
}

/** Loads, calibrates and attaches all groups, and takes them down again. */
function programs(): string {
  const { groups, absent } = openGroups(loadNative(), RING_BYTES_FOR_TRIAL);
  const missing = [...absent];
  let attached = 0;
  for (const group of presentGroups(groups)) {
    attached += group.attach();
    missing.push(...group.absent());
    group.close();
  }
  if (attached === 0) throw new Error(`none could be attached: ${missing.join("; ")}`);
  return `${attached} attached${missing.length === 0 ? "" : `, without ${missing.join("; ")}`}`;
}

function uprobes(): string {
  if (!existsSync(UPROBES)) throw new Error(`${UPROBES} is not there`);
  return `perf event type ${readFileSync(UPROBES, "utf8").trim()}`;
}

function cgroups(): string {
  const mount = ownersMount();
  if (mount === null) throw new Error("neither the v2 hierarchy nor the memory controller's is mounted");
  return mount;
}

function lockdown(): string {
  if (!existsSync(LOCKDOWN)) return "not reported";
  const mode = /\[(\w+)\]/.exec(readFileSync(LOCKDOWN, "utf8"))?.[1] ?? "unknown";
  if (mode === "confidentiality") throw new Error("lockdown=confidentiality");
  return mode;
}
