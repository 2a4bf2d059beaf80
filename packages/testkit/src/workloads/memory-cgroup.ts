import { existsSync, mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the memory controller's hierarchy may be mounted: its own under v1, else the one of v2. */
const V1 = "/sys/fs/cgroup/memory";
const V2 = "/sys/fs/cgroup";

/** A memory cgroup of our own, for programs that must not see more of the machine. Needs root. */
export class MemoryCgroup {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param bytesMax what may be charged to it; 0: any amount. */
  static create(name: string, bytesMax: number): MemoryCgroup {
    const isV1 = existsSync(join(V1, "memory.limit_in_bytes"));
    const path = join(isV1 ? V1 : V2, name);
    if (!isV1) writeFileSync(join(V2, "cgroup.subtree_control"), "+memory");
    mkdirSync(path, { recursive: true });
    if (bytesMax > 0) writeFileSync(join(path, isV1 ? "memory.limit_in_bytes" : "memory.max"), String(bytesMax));
    return new MemoryCgroup(path);
  }

  /** The file that takes the ids of processes to move in. */
  get procsFile(): string {
    return join(this.path, "cgroup.procs");
  }

  /** Its id: the kernel's, which is the number of its directory. */
  get id(): number {
    return statSync(this.path).ino;
  }

  /** Removes it; its processes must have ended. */
  remove(): void {
    try {
      rmdirSync(this.path);
    } catch {
      // What is left in it ends soon; an empty cgroup costs next to nothing.
    }
  }
}
