import { changeQuery, type Place } from "../route.ts";
import { Choice } from "./bits.tsx";

/** Lengths of time that series are shown over. Windows are kept for 2 h, 48 h and 60 days, by their width. */
export const LENGTHS = { "15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d" } as const;
export type LengthName = keyof typeof LENGTHS;
const LENGTHS_MS: Readonly<Record<LengthName, number>> = {
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
};

export const SIGNALS = { runq_delay: "run-queue delay", gc_pause: "GC pause" } as const;

export function lengthOf(place: Place): { readonly name: LengthName; readonly ms: number } {
  const name = (place.query["span"] ?? "15m") as LengthName;
  return name in LENGTHS_MS ? { name, ms: LENGTHS_MS[name] } : { name: "15m", ms: LENGTHS_MS["15m"] };
}

/** The choice of how much time the charts show. */
export function LengthChoice({ place }: { readonly place: Place }) {
  return (
    <Choice
      label="Period"
      value={lengthOf(place).name}
      options={LENGTHS}
      onChange={(span) => changeQuery({ span: span === "15m" ? "" : span })}
    />
  );
}
