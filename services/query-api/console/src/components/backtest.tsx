/** Placeholder until the route's schema is there. */
export function Backtest() {
  return null;
}
