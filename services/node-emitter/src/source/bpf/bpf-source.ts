import { fnv1a, TICK_NS } from "@farmscope/domain";
import { ObservationReason } from "@farmscope/proto";
import { type Clock, type Config, invariant, messageOf, OperatingError } from "@farmscope/runtime";
import type { EventSource, NodeSink, SamplingInForce, SourceNode } from "../port.ts";
import { PerCpuAudit } from "./audit.ts";
import { CgroupNames } from "./cgroup-names.ts";
import { Drain } from "./drain.ts";
import { GcScanner } from "./gc-scanner.ts";
import { HistogramDeltas } from "./histogram-deltas.ts";
import { HostMemory } from "./host-memory.ts";
import { factsOf, type Machine, readMachine } from "./machine.ts";
import { loadNative, type NativeShim } from "./native.ts";
import { Observer } from "./observer.ts";
import { openGroups, presentGroups } from "./open-groups.ts";
import { type Groups, lostIn, readCounters } from "./stream-balance.ts";

/** Gauges, histograms, counters and the memory layout are read this often, in milliseconds. */
const PERIOD_MS = 1000;
/** At a million events a second this is a sixtieth of a 16 MiB ring. */
const POLL_INTERVAL_MS = 10;
/** Polls at the end, until the rings are empty: what they hold at most, and one more. */
const LAST_POLLS_MAX = 64;

export interface BpfSourceOptions extends Pick<Config, "nodeId" | "pageRingBytes" | "pageKeepOneIn" | "runqKeepOneIn"> {
  readonly clock: Clock;
}

/** What lives from start to close. */
interface Session {
  readonly sink: NodeSink;
  readonly drain: Drain;
  readonly observer: Observer;
  readonly audit: PerCpuAudit;
  readonly histograms: HistogramDeltas | null;
  readonly scanner: GcScanner | null;
}

/** The kernel of this host as a source of events. */
export class BpfSource implements EventSource {
  readonly kind = "bpf";
  readonly pollIntervalMs = POLL_INTERVAL_MS;
  readonly finished = false;
  readonly #options: BpfSourceOptions;
  readonly #cgroups = new CgroupNames();
  #native: NativeShim | null = null;
  #groups: Groups | null = null;
  #machine: Machine | null = null;
  #memory: HostMemory | null = null;
  #session: Session | null = null;
  #absent: string[] = [];
  #salt = 0;
  #nextPeriodMs = Number.NEGATIVE_INFINITY;
  #lost = 0;

  constructor(options: BpfSourceOptions) {
    this.#options = options;
  }

  get sampling(): SamplingInForce {
    const { pageKeepOneIn, runqKeepOneIn } = this.#options;
    return { pageKeepOneIn, runqKeepOneIn, salt: this.#salt };
  }

  async open(): Promise<readonly SourceNode[]> {
    const native = loadNative();
    const machine = readMachine(this.#options.nodeId, native.pageBytes());
    const memory = readMemory(machine.pageBytes);
    const { groups, absent } = openGroups(native, this.#options.pageRingBytes);
    this.#native = native;
    this.#machine = machine;
    this.#memory = memory;
    this.#groups = groups;
    this.#absent = [...absent];
    this.#salt = fnv1a(`${machine.id}/${machine.boot}`);
    const { pageKeepOneIn, runqKeepOneIn } = this.#options;
    for (const group of presentGroups(groups)) {
      group.configure(pageKeepOneIn, runqKeepOneIn, this.#salt, memory.maxOrder);
    }
    const clock = (): ReturnType<SourceNode["clock"]> => {
      const [realtimeOffsetUs, errorUs] = native.realtimeOffset();
      return { realtimeOffsetUs: Math.round(realtimeOffsetUs), errorUs: Math.ceil(errorUs) };
    };
    return [{ id: machine.id, boot: machine.boot, start: this.#options.clock.nowMs(), clock }];
  }

  async start(sinks: ReadonlyMap<string, NodeSink>): Promise<void> {
    const groups = this.#groups;
    const sink = sinks.get(this.#machine?.id ?? "");
    invariant(groups !== null && sink !== undefined, "a source is opened, and given a sink for each of its nodes");
    for (const group of presentGroups(groups)) {
      const attached = group.attach();
      this.#absent.push(...group.absent());
      if (group === groups.pages && attached === 0) throw noPageEvents(group.absent());
    }
    this.#session = this.#beginSession(groups, sink);
    this.#giveFacts();
    this.#session.observer.requestFull(ObservationReason.START);
  }

  poll(nowMs: number): number {
    const session = this.#session;
    if (session === null) return 0;
    const moved = session.drain.all();
    if (nowMs >= this.#nextPeriodMs) {
      this.#nextPeriodMs = nowMs + PERIOD_MS;
      this.#period(session);
    }
    session.audit.step(nowMs);
    session.observer.step(nowMs);
    session.scanner?.step(nowMs);
    return moved;
  }

  observe(_node: string, reason: number): void {
    this.#session?.observer.requestFull(reason as ObservationReason);
  }

  async close(): Promise<void> {
    const groups = this.#groups;
    if (groups === null) return;
    this.#groups = null;
    this.#session?.scanner?.close();
    for (const group of presentGroups(groups)) group.detach();
    if (this.#session !== null) this.#pourRest(this.#session, groups);
    this.#session = null;
    for (const group of presentGroups(groups)) group.close();
  }

  #beginSession(groups: Groups, sink: NodeSink): Session {
    const native = this.#native as NativeShim;
    const memory = this.#memory as HostMemory;
    const { clock } = this.#options;
    const drain = new Drain(groups, sink, this.#cgroups, (range) => {
      observer.requestTarget(ObservationReason.COMPACTION, range, clock.monotonicMs());
    });
    const observer: Observer = new Observer({
      frames: native,
      drain: () => void drain.pages(),
      give: (part) => sink.observation(part),
      hugeFrames: 2 ** (this.#machine as Machine).hugeOrder,
      readable: () => memory.readable,
    });
    const histograms = groups.runq === null ? null : new HistogramDeltas(groups.runq, this.#tick());
    const scanner = groups.gc === null ? null : new GcScanner(groups.gc);
    const frames = Math.max(...memory.ram.map(({ end }) => end));
    const { pcpOrderMask } = this.#machine as Machine;
    const audit = new PerCpuAudit(groups.pages, frames, pcpOrderMask, (range) => {
      observer.requestTarget(ObservationReason.PER_CPU_AUDIT, range, clock.monotonicMs());
    });
    return { sink, drain, observer, audit, histograms, scanner };
  }

  #tick(): number {
    return Math.floor((this.#native as NativeShim).monotonicNs() / TICK_NS);
  }

  /** What is read once a second. */
  #period(session: Session): void {
    const memory = this.#memory as HostMemory;
    const { changed, grown, unclear } = memory.refresh();
    if (changed) this.#giveFacts();
    for (const range of grown) session.observer.requestRange(ObservationReason.ZONE_GROWTH, range);
    if (unclear) session.observer.requestFull(ObservationReason.ZONE_GROWTH);
    session.sink.gauges(memory.gauges(this.#tick()));
    this.#giveSums(session, this.#groups as Groups);
  }

  /** Histograms, names and the balance: also the last word at the end. */
  #giveSums({ sink, histograms, observer }: Session, groups: Groups): void {
    histograms?.read(
      this.#tick(),
      (delta) => {
        this.#cgroups.need(delta.cgroup);
        sink.histogram(delta);
      },
      () => this.#cgroups.walk(),
    );
    this.#cgroups.resolve((id, path) => sink.cgroup(id, path));
    const counters = readCounters(groups);
    sink.counters(counters);
    if (lostIn(counters) > this.#lost) observer.requestFull(ObservationReason.LOSS);
    this.#lost = lostIn(counters);
  }

  #pourRest(session: Session, groups: Groups): void {
    for (let polls = 0; polls < LAST_POLLS_MAX && session.drain.all() > 0; polls++);
    this.#giveSums(session, groups);
  }

  #giveFacts(): void {
    const memory = this.#memory as HostMemory;
    const machine = this.#machine as Machine;
    const { zones, ram, maxOrder } = memory;
    this.#session?.sink.facts(factsOf({ machine, zones, ram, maxOrder, absent: this.#absent }));
  }
}

function readMemory(pageBytes: number): HostMemory {
  try {
    return new HostMemory(pageBytes);
  } catch (cause) {
    throw new OperatingError("SOURCE_UNREADABLE", `the memory layout: ${messageOf(cause)}`, { cause });
  }
}

function noPageEvents(absent: readonly string[]): OperatingError {
  return new OperatingError("BPF_LOAD_FAILED", `no page event can be seen: ${absent.join("; ")}`, {
    remedy: "farmscope doctor tells what this kernel lacks",
  });
}
