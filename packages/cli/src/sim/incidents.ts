import type { Cluster } from "./cluster.ts";
import type { FaultPlan, IncidentKind } from "./fault-plan.ts";
import type { Machine } from "./machine.ts";

const DOWN_MS_MAX = 3_000;
const DOWN_MS_MIN = 100;
/** Longer than a lease lives, and short enough that no batch becomes so late that it is given up. */
const PAUSE_MS_MAX = 4_000;
const CUT_MS_MAX = 2_500;
const CLOCK_JUMP_MS_MAX = 30_000;
const BROKER_CLOCK_JUMP_MS_MAX = 1_500;
const TAIL_RECORDS_MAX = 20;

/** Lets incidents of a plan happen until the trouble of the scenario is over. */
export class Incidents {
  readonly #cluster: Cluster;
  readonly #plan: FaultPlan;
  /** Part of the log was lost. */
  tailLost = false;
  /** What happened, for whoever looks into a run. */
  readonly journal: string[] = [];

  constructor(cluster: Cluster, plan: FaultPlan) {
    this.#cluster = cluster;
    this.#plan = plan;
  }

  begin(): void {
    if (this.#plan.incidents.length > 0) this.#expectNext();
  }

  #expectNext(): void {
    const { scheduler, random, scenario } = this.#cluster;
    scheduler.after(this.#plan.incidentMsMean * 2 * random.nextFloat(), () => {
      if (scheduler.nowMs >= scenario.troubledMs) return;
      this.#happen(this.#pick(this.#plan.incidents));
      this.#expectNext();
    });
  }

  #happen(kind: IncidentKind): void {
    const { scheduler, random } = this.#cluster;
    const machine = this.#pick(this.#cluster.machines);
    const ms = (most: number): number => random.nextFloat() * most;
    const note = (what: string): void => {
      this.journal.push(`${scheduler.nowMs.toFixed(0)} ms: ${kind} ${what}`);
    };
    if (kind === "lost-tail") note(this.#loseTail());
    else if (kind === "broker-clock-jump") note(this.#jumpBrokerClock());
    else note(`${machine.name} ${this.#strike(kind, machine, ms)}`);
  }

  #strike(
    kind: Exclude<IncidentKind, "lost-tail" | "broker-clock-jump">,
    machine: Machine,
    ms: (most: number) => number,
  ) {
    const forMs = (most: number): number => DOWN_MS_MIN + ms(most);
    switch (kind) {
      case "crash": {
        const downMs = forMs(DOWN_MS_MAX);
        machine.crash(downMs);
        return `for ${downMs.toFixed(0)} ms`;
      }
      case "stop":
        machine.stop();
        return "";
      case "pause": {
        const pausedMs = forMs(PAUSE_MS_MAX);
        machine.pause(pausedMs);
        return `for ${pausedMs.toFixed(0)} ms`;
      }
      case "cut": {
        const channel = machine.channels.length === 0 ? undefined : this.#pick(machine.channels);
        const cutMs = forMs(CUT_MS_MAX);
        if (channel !== undefined) channel.cutUntilMs = this.#cluster.scheduler.nowMs + cutMs;
        return `for ${cutMs.toFixed(0)} ms`;
      }
      case "clock-jump": {
        const offsetMs = Math.floor(ms(2 * CLOCK_JUMP_MS_MAX) - CLOCK_JUMP_MS_MAX);
        machine.setClock(this.#cluster.scenario.startMs + offsetMs);
        return `to ${offsetMs} ms`;
      }
    }
  }

  #loseTail(): string {
    const { log, random, streams, witness } = this.#cluster;
    const stream = this.#pick(streams);
    const records = 1 + random.nextInt(TAIL_RECORDS_MAX);
    log.loseTail(stream, records);
    witness.tailIsLost();
    this.tailLost = true;
    return `of ${records} records of ${JSON.stringify(stream)}`;
  }

  #jumpBrokerClock(): string {
    const { random, scenario, serverClock } = this.#cluster;
    const offsetMs = random.nextInt(2 * BROKER_CLOCK_JUMP_MS_MAX) - BROKER_CLOCK_JUMP_MS_MAX;
    serverClock.setOffset(scenario.startMs + offsetMs);
    return `to ${offsetMs} ms`;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#cluster.random.nextInt(choices.length)]!;
  }
}
