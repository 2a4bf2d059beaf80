import { closeSync, openSync, readdirSync, type Stats, statSync } from "node:fs";
import { findGcProbes, type GcProbe } from "./gc-probes.ts";

/** Shortest time between two rounds over all processes, in milliseconds. */
const ROUND_MS_MIN = 1000;
/** Processes looked at in one step: half a millisecond. */
const PROCESSES_PER_STEP = 32;
/** Binaries remembered; beyond, new ones wait until old ones are gone. */
const BINARIES_MAX = 4096;

/** Attaches uprobes. */
export interface UprobeTarget {
  /** @throws {Error} when the kernel refuses. */
  attachUprobe(program: string, path: string, offset: number, cookie: number): number;
  detachUprobe(uprobe: number): void;
}

interface Binary {
  readonly uprobes: number[];
  /** The last round in which a process ran it. */
  round: number;
}

/** A binary between being found and being watched. */
interface Inspection {
  readonly binary: Binary;
  readonly fd: number;
  readonly search: Generator<void, readonly GcProbe[]>;
  /** What the search found and is not attached yet; null while it goes on. */
  probes: GcProbe[] | null;
}

/**
 * Finds the programs whose garbage collection can be watched, as they come and go: once a second it looks at what every
 * process runs, searches each binary once, and attaches to it for as long as some process runs it. All in small steps.
 */
export class GcScanner {
  /** Attachments that the kernel refused, so far. */
  refusals = 0;
  readonly #target: UprobeTarget;
  readonly #proc: string;
  readonly #binaries = new Map<string, Binary>();
  #inspections: Inspection[] = [];
  #pids: string[] = [];
  #round = 0;
  #nextRoundMs = 0;

  /** @param proc where processes are listed. */
  constructor(target: UprobeTarget, proc = "/proc") {
    this.#target = target;
    this.#proc = proc;
  }

  /** Binaries with uprobes now. */
  get watched(): number {
    return [...this.#binaries.values()].filter((binary) => binary.uprobes.length > 0).length;
  }

  /** Goes on by one small step. */
  step(nowMs: number): void {
    const inspection = this.#inspections[0];
    if (inspection !== undefined) this.#inspect(inspection);
    else if (this.#pids.length > 0) this.#look();
    else if (nowMs >= this.#nextRoundMs) this.#beginRound(nowMs);
  }

  /** Forgets everything; uprobes go with their group. */
  close(): void {
    for (const { fd } of this.#inspections) closeSync(fd);
    this.#inspections = [];
    this.#pids = [];
    this.#binaries.clear();
  }

  #beginRound(nowMs: number): void {
    this.#round++;
    this.#nextRoundMs = nowMs + ROUND_MS_MIN;
    this.#pids = readdirSync(this.#proc).filter((name) => /^\d+$/.test(name));
    if (this.#pids.length === 0) this.#forgetUnused();
  }

  #look(): void {
    for (const pid of this.#pids.splice(-PROCESSES_PER_STEP)) this.#lookAt(`${this.#proc}/${pid}/exe`);
    if (this.#pids.length === 0) this.#forgetUnused();
  }

  /** The link leads to the binary even where its path means another file to us: in a container, or after an update. */
  #lookAt(executable: string): void {
    const stat = statOf(executable);
    if (stat === null) return;
    const key = `${stat.dev}:${stat.ino}:${stat.mtimeMs}`;
    const binary = this.#binaries.get(key);
    if (binary !== undefined) {
      binary.round = this.#round;
      return;
    }
    const fd = this.#binaries.size < BINARIES_MAX ? openedOf(executable) : null;
    if (fd === null) return;
    const found: Binary = { uprobes: [], round: this.#round };
    this.#binaries.set(key, found);
    this.#inspections.push({ binary: found, fd, search: findGcProbes(fd), probes: null });
  }

  /** A piece of the search, or one attachment: the kernel takes some milliseconds for each. */
  #inspect(inspection: Inspection): void {
    if (inspection.probes === null) inspection.probes = advance(inspection.search);
    else this.#attachNext(inspection, inspection.probes);
    if (inspection.probes?.length !== 0) return;
    this.#inspections.shift();
    closeSync(inspection.fd);
  }

  #attachNext({ binary, fd }: Inspection, probes: GcProbe[]): void {
    const { program, offset, cookie } = probes.shift() as GcProbe;
    try {
      binary.uprobes.push(this.#target.attachUprobe(program, `/proc/self/fd/${fd}`, offset, cookie));
    } catch {
      this.refusals++;
      this.#detach(binary.uprobes);
      probes.length = 0;
    }
  }

  #detach(uprobes: number[]): void {
    for (const uprobe of uprobes.splice(0)) this.#target.detachUprobe(uprobe);
  }

  /** A binary that no process of this round ran. */
  #forgetUnused(): void {
    for (const [key, { uprobes, round }] of this.#binaries) {
      if (round === this.#round) continue;
      this.#detach(uprobes);
      this.#binaries.delete(key);
    }
  }
}

/** One piece of a search. @returns null while it goes on. A file that cannot be read to its end has nothing to offer. */
function advance(search: Generator<void, readonly GcProbe[]>): GcProbe[] | null {
  try {
    const step = search.next();
    return step.done === true ? [...step.value] : null;
  } catch {
    return [];
  }
}

/** Null for kernel threads and for processes that have ended. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function openedOf(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    return null;
  }
}
