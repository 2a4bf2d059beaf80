import { formatBytes } from "../format.ts";
import type { PageMapHead, RunColumns } from "./columns.ts";
import { CLASSES_MAX, UNCOVERED } from "./paint.ts";

/** A colour of a picture and what it means. */
export interface ClassEntry {
  readonly label: string;
  readonly colour: string;
  /** Entries of one ramp are shown as one: its name, and what this step of it is. */
  readonly ramp?: { readonly name: string; readonly step: string };
}

/** What a picture's colours say: a class for each run, and a meaning for each class. */
export interface Colouring {
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly entries: readonly ClassEntry[];
}

export const MODES = { state: "state and order" } as const;
export type Mode = keyof typeof MODES;

/** Colours a map by the state and the order of its blocks, as the API's own pictures are. */
function byState(head: PageMapHead, runs: RunColumns): Colouring {
  const legend = head.legend.filter((entry) => entry.state !== "mixed").slice(0, CLASSES_MAX - 1);
  const free = head.states.indexOf("free");
  const classOfState = head.states.map((state) => legend.findIndex((entry) => entry.state === state));
  const classOfOrder = Array.from({ length: head.maxOrder + 1 }, (_, order) =>
    legend.findIndex((entry) => entry.state === "free" && entry.order === order),
  );
  const classes = new Uint8Array(runs.first.length);
  for (let run = 0; run < classes.length; run++) {
    const state = runs.state[run] as number;
    const found = state === free ? classOfOrder[runs.order[run] as number] : classOfState[state];
    classes[run] = found === undefined || found < 0 ? UNCOVERED : found;
  }
  const entries = legend.map(({ label, colour, order }): ClassEntry => {
    if (order === null) return { label, colour };
    return { label, colour, ramp: { name: "free, in blocks of", step: formatBytes(2 ** order * head.pageSizeBytes) } };
  });
  return { classes, entries };
}

export function colour(_mode: Mode, head: PageMapHead, runs: RunColumns): Colouring {
  return byState(head, runs);
}
