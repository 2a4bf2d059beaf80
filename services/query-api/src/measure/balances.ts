import type { Balance as BalanceView } from "@farmscope/proto";
import type { Balance, Balances } from "../schemas/index.ts";
import { num } from "./number.ts";

/** What carries the balance of each kind of raw event: node views, node windows, farm windows. */
export interface Balanced {
  readonly pages?: BalanceView | undefined;
  readonly runq?: BalanceView | undefined;
  readonly gc?: BalanceView | undefined;
}

const EMPTY: Balance = { in: 0, folded: 0, dropped: 0, lost: 0, held: 0 };

export function balanceOf(view: BalanceView | undefined): Balance {
  if (view === undefined) return { ...EMPTY };
  const { folded, dropped, lost, held } = view;
  return { in: num(view.in), folded: num(folded), dropped: num(dropped), lost: num(lost), held: num(held) };
}

export function balancesOf(view: Balanced): Balances {
  return { pages: balanceOf(view.pages), runq: balanceOf(view.runq), gc: balanceOf(view.gc) };
}

/** The balance of several nodes together. */
export function sumBalances(all: Iterable<Balances>): Balances {
  const sum: Balances = { pages: { ...EMPTY }, runq: { ...EMPTY }, gc: { ...EMPTY } };
  for (const balances of all) {
    for (const kind of ["pages", "runq", "gc"] as const) {
      for (const field of ["in", "folded", "dropped", "lost", "held"] as const)
        sum[kind][field] += balances[kind][field];
    }
  }
  return sum;
}
