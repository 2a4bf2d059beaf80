/** Where a control record stands in fs.control. */
export interface ControlPlace {
  readonly position: number;
  readonly appendedAtMs: number;
  readonly id: string;
  /** Who asked. */
  readonly by: string;
}

/**
 * What became of a control record: `stale` says nothing that a record before it did not, `over-limit` was refused since
 * so many are kept already, `invalid` breaks a limit or says nothing known, `passing` asks for something now and leaves
 * nothing to be kept.
 */
export type ControlOutcome = "applied" | "stale" | "over-limit" | "invalid" | "passing";
