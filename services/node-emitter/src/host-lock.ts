import { mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OperatingError } from "@farmscope/runtime";

/** Who holds a lock: a process id alone may have come to mean another process. */
interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat; empty where there is no such file. */
  readonly startedAt: string;
}

/** Tries to take over the lock of a process that is gone. */
const ATTEMPTS_MAX = 3;

/** Keeps a second emitter away from a node: its batches would bear the same name as ours. */
export class HostLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the lock of a node, a file below `dataDir`. A lock whose holder is gone is taken over.
   * @throws {OperatingError} ALREADY_RUNNING, naming the pid that holds it.
   */
  static async acquire(dataDir: string, node: string): Promise<HostLock> {
    const directory = join(dataDir, "locks");
    const path = join(directory, `emitter-${encodeURIComponent(node)}.json`);
    const self: Holder = { pid: process.pid, startedAt: await startOf(process.pid) };
    await mkdir(directory, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      if (await tryCreate(path, JSON.stringify(self))) return new HostLock(path);
      const holder = await holderOf(path);
      if (attempt >= ATTEMPTS_MAX || (holder !== null && (await isAlive(holder)))) throw alreadyRunning(node, holder);
      await unlink(path).catch(() => undefined);
    }
  }

  async release(): Promise<void> {
    await unlink(this.#path).catch(() => undefined);
  }
}

async function tryCreate(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Null when the file is gone again or holds nothing useful, as after a crash while it was written. */
async function holderOf(path: string): Promise<Holder | null> {
  try {
    const { pid, startedAt } = JSON.parse(await readFile(path, "utf8")) as Partial<Holder>;
    return typeof pid === "number" ? { pid, startedAt: startedAt ?? "" } : null;
  } catch {
    return null;
  }
}

async function isAlive({ pid, startedAt }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return (await startOf(pid)) === startedAt;
}

/** When a process started, in ticks of its kernel: proc_pid_stat(5), field 22. The command, in parentheses, may hold anything. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function alreadyRunning(node: string, holder: Holder | null): OperatingError {
  const who = holder === null ? "another process" : `process ${holder.pid}`;
  return new OperatingError("ALREADY_RUNNING", `${who} already emits for node ${node}`, {
    remedy: holder === null ? "try again" : `stop it first: kill ${holder.pid}`,
  });
}
