/**
 * The balance of one pipeline stage: in = out + dropped + held, at every moment.
 */
export class StageCounter {
  readonly name: string;
  in = 0;
  out = 0;
  dropped = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** What went in and has neither come out nor been dropped. */
  get held(): number {
    return this.in - this.out - this.dropped;
  }

  toJSON(): StageBalance {
    return { name: this.name, in: this.in, out: this.out, dropped: this.dropped, held: this.held };
  }
}

export interface StageBalance {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly dropped: number;
  readonly held: number;
}
