import { Random } from "@farmscope/domain";
import type { Role } from "./installation.ts";

/** Something that happens to a process. */
export interface Disturbance {
  /** Quiet time before it, in milliseconds. */
  readonly waitMs: number;
  readonly role: Role;
  /** Which of the processes of that role: a number in [0, 1). */
  readonly place: number;
  /** "kill" is SIGKILL, "pause" SIGSTOP and, `pauseMs` later, SIGCONT. */
  readonly action: "kill" | "pause";
  readonly pauseMs: number;
}

const ROLES: readonly Role[] = ["emitter", "aggregator", "broker", "redis"];
const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 4_500;
/** Mean of the waits, in milliseconds. */
export const WAIT_MS_MEAN = (WAIT_MS_MIN + WAIT_MS_MAX) / 2;
const KILL_CHANCE = 0.6;
const PAUSE_MS_MIN = 1_000;
/** Longest pause by role, in milliseconds. An aggregator may sleep well past its lease of five seconds. */
const PAUSE_MS_MAX: Readonly<Record<Role, number>> = {
  emitter: 8_000,
  aggregator: 14_000,
  broker: 6_000,
  redis: 6_000,
};

/** What happens in a run: a function of the seed. Every role has its turn before any has another. */
export function drawDisturbances(seed: number, count: number): Disturbance[] {
  const random = new Random(seed).fork("disturbances");
  const between = (least: number, greatest: number): number => least + random.nextFloat() * (greatest - least);
  let turn: Role[] = [];
  return Array.from({ length: count }, () => {
    if (turn.length === 0) turn = [...ROLES];
    const [role] = turn.splice(random.nextInt(turn.length), 1) as [Role];
    return {
      waitMs: between(WAIT_MS_MIN, WAIT_MS_MAX),
      role,
      place: random.nextFloat(),
      action: random.nextFloat() < KILL_CHANCE ? "kill" : "pause",
      pauseMs: between(PAUSE_MS_MIN, PAUSE_MS_MAX[role]),
    };
  });
}
