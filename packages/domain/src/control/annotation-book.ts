import type { Annotation } from "@farmscope/proto";
import { ANNOTATIONS_MAX } from "./control-limits.ts";
import type { ControlOutcome, ControlPlace } from "./control-outcome.ts";

export interface KnownAnnotation {
  readonly annotation: Annotation;
  readonly place: ControlPlace;
}

/** Which annotations are wanted: those that touch [fromMs, toMs), of a farm or a node as far as one is named. */
export interface AnnotationQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly farm?: string;
  readonly node?: string;
}

/** Annotations by id: the newest record of an id counts. */
export class AnnotationBook {
  /** By the time that they are about, then by id. */
  readonly #entries: KnownAnnotation[] = [];
  /** Annotations that went since there were too many. */
  forgotten = 0;

  get size(): number {
    return this.#entries.length;
  }

  apply(annotation: Annotation, place: ControlPlace): ControlOutcome {
    const known = this.#entries.findIndex((entry) => entry.annotation.id === annotation.id);
    if (known >= 0) this.#entries.splice(known, 1);
    const entry = { annotation, place };
    const at = this.#entries.findLastIndex((other) => compare(other, entry) < 0) + 1;
    this.#entries.splice(at, 0, entry);
    if (this.#entries.length > ANNOTATIONS_MAX) {
      this.#entries.shift();
      this.forgotten++;
      if (at === 0) return "over-limit";
    }
    return "applied";
  }

  get(id: string): KnownAnnotation | null {
    return this.#entries.find(({ annotation }) => annotation.id === id) ?? null;
  }

  /** By the time that they are about. An annotation that names no farm is about every farm, one without a node about all of the farm's. */
  inRange(query: AnnotationQuery): KnownAnnotation[] {
    return this.#entries.filter(({ annotation }) => touches(annotation, query));
  }
}

function touches({ atMs, untilMs, farm, node }: Annotation, query: AnnotationQuery): boolean {
  const fromMs = Number(atMs);
  const lastMs = Math.max(fromMs, Number(untilMs));
  if (fromMs >= query.toMs || lastMs < query.fromMs) return false;
  if (query.farm !== undefined && farm !== "" && farm !== query.farm) return false;
  return query.node === undefined || node === "" || node === query.node;
}

function compare(a: KnownAnnotation, b: KnownAnnotation): number {
  const difference = Number(a.annotation.atMs - b.annotation.atMs);
  return difference !== 0 ? difference : a.annotation.id < b.annotation.id ? -1 : 1;
}
