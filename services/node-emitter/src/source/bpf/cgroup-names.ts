import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { WIRE_CGROUP_IRQ } from "../wire.gen.ts";

/** Is told of the cgroups that events name. */
export interface CgroupNeeds {
  need(id: number): void;
}

/** Directories looked at in one walk; a hierarchy beyond that stays without some of its names. */
const DIRECTORIES_MAX = 10_000;
/** Ids without a name that are remembered, so that they are not searched for again. */
const NAMELESS_MAX = 10_000;
/** The name of what is done in interrupts: the kernel's work, not that of the task that was interrupted. */
const IRQ = "~irq";
/** The name of cgroup 0: those for which the kernel's histograms had no room. */
const REST = "~rest";

const SPECIAL: ReadonlyMap<number, string> = new Map([
  [0, REST],
  [WIRE_CGROUP_IRQ, IRQ],
]);

/**
 * Names of cgroups. Their ids are the inode numbers of the directories (kernfs) in the hierarchy of the memory controller
 * where that has one of its own (v1), else in that of v2. It is walked when an id appears that has no name yet.
 */
export class CgroupNames implements CgroupNeeds {
  readonly #mount: string | null;
  readonly #known = new Set<number>();
  readonly #wanted = new Set<number>();
  readonly #nameless = new Set<number>();

  /** @param mount where the hierarchy of the owners is mounted; null when there is none. */
  constructor(mount: string | null = ownersMount()) {
    this.#mount = mount;
  }

  need(id: number): void {
    if (!this.#known.has(id) && !this.#nameless.has(id)) this.#wanted.add(id);
  }

  /**
   * Gives every name that is wanted and can be found, each once. One walk over the hierarchy when something is wanted.
   */
  resolve(give: (id: number, path: string) => void): void {
    if (this.#wanted.size === 0) return;
    const paths = this.walk();
    for (const id of this.#wanted) {
      const path = SPECIAL.get(id) ?? paths.get(id);
      if (path !== undefined) {
        this.#known.add(id);
        give(id, path);
      } else if (this.#nameless.size < NAMELESS_MAX) {
        this.#nameless.add(id);
      }
    }
    this.#wanted.clear();
  }

  /** Path by the low half of the id, of all cgroups that are there. The root is "/". */
  walk(): ReadonlyMap<number, string> {
    const paths = new Map<number, string>();
    if (this.#mount === null) return paths;
    const pending = [""];
    while (pending.length > 0 && paths.size < DIRECTORIES_MAX) {
      const path = pending.pop() as string;
      visit(this.#mount, path, paths, pending);
    }
    return paths;
  }
}

/** Notes one directory and those in it. A cgroup may vanish at any moment: then there is nothing to note. */
function visit(mount: string, path: string, paths: Map<number, string>, pending: string[]): void {
  const stat = statSync(join(mount, path), { throwIfNoEntry: false });
  if (stat === undefined) return;
  paths.set(lowHalf(stat.ino), path === "" ? "/" : path);
  try {
    for (const entry of readdirSync(join(mount, path), { withFileTypes: true })) {
      if (entry.isDirectory()) pending.push(`${path}/${entry.name}`);
    }
  } catch {
    paths.delete(lowHalf(stat.ino));
  }
}

function lowHalf(inode: number): number {
  return inode % 2 ** 32;
}

/** Where the memory controller has a hierarchy of its own (v1); null where it has not. */
export function memoryCgroupV1Mount(mounts: string = readFileSync("/proc/self/mounts", "utf8")): string | null {
  for (const line of mounts.split("\n")) {
    const [, directory, type, options] = line.split(" ");
    if (type === "cgroup" && options.split(",").includes("memory")) return directory;
  }
  return null;
}

/** Where the hierarchy is mounted whose cgroups are the owners of pages and delays; null when there is none. */
export function ownersMount(): string | null {
  return memoryCgroupV1Mount() ?? cgroup2Mount();
}

/** Where the cgroup v2 hierarchy is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified beside v1. */
export function cgroup2Mount(mounts: string = readFileSync("/proc/self/mounts", "utf8")): string | null {
  for (const line of mounts.split("\n")) {
    const [, directory, type] = line.split(" ");
    if (type === "cgroup2") return directory;
  }
  return null;
}
