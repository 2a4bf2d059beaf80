import { Random } from "@farmscope/domain";
import { CALM, type Trouble } from "@farmscope/testkit/simulation";

/** What happens to a machine or a server at a moment. */
export const INCIDENT_KINDS = [
  "crash",
  "stop",
  "pause",
  "cut",
  "clock-jump",
  "broker-clock-jump",
  "lost-tail",
] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

/** What goes wrong with a share of all calls, all the time. */
export const TROUBLE_KINDS = [
  "lost-request",
  "lost-answer",
  "duplicate",
  "reorder",
  "slow",
  "no-deduplication",
] as const;
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

export interface FaultPlan {
  readonly kinds: readonly (IncidentKind | TroubleKind)[];
  readonly trouble: Trouble;
  readonly deduplicates: boolean;
  /** Incidents that may happen; a kind may stand here more than once. */
  readonly incidents: readonly IncidentKind[];
  /** Mean time between two incidents, in milliseconds. */
  readonly incidentMsMean: number;
}

export const NO_FAULTS: FaultPlan = {
  kinds: [],
  trouble: CALM,
  deduplicates: true,
  incidents: [],
  incidentMsMean: Number.POSITIVE_INFINITY,
};

/** A log that lost its tail has lost events: few runs have that, so that most are held to having lost none. */
const LOST_TAIL_CHANCE = 0.08;

/**
 * Swarm configuration: each run enables some kinds of faults, each at a rate of its own, and leaves the others out. Runs
 * with everything at once rarely reach deep, for one fault hides another.
 * Source: Groce et al., Swarm Testing, ISSTA 2012.
 */
export function faultPlanOf(seed: number): FaultPlan {
  const random = new Random(seed).fork("faults");
  const isOn = (chance = 0.5): boolean => random.nextFloat() < chance;
  const incidents = INCIDENT_KINDS.filter((kind) => isOn(kind === "lost-tail" ? LOST_TAIL_CHANCE : 0.5));
  const kinds = TROUBLE_KINDS.filter(() => isOn());
  const share = (kind: TroubleKind, most: number): number => {
    const drawn = random.nextFloat() * most;
    return kinds.includes(kind) ? drawn : 0;
  };
  return {
    kinds: [...incidents, ...kinds],
    trouble: {
      latencyMsMax: 1 + random.nextFloat() * 30,
      slowShare: share("slow", 0.2),
      slowMsMax: 800,
      lostRequestShare: share("lost-request", 0.2),
      lostAnswerShare: share("lost-answer", 0.2),
      duplicateShare: share("duplicate", 0.3),
      reorderShare: share("reorder", 0.3),
      reorderMsMax: 1_500,
    },
    deduplicates: !kinds.includes("no-deduplication"),
    incidents,
    incidentMsMean: 400 + random.nextFloat() * 4_000,
  };
}
