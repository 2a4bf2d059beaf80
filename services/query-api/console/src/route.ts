import { useEffect, useState } from "preact/hooks";

/** Views that an address can name. Farms and nodes carry a name besides. */
export const VIEWS = ["fleet", "farms", "nodes", "alerts", "replay", "status"] as const;
export type View = (typeof VIEWS)[number];
export type Query = Readonly<Record<string, string>>;

/** Where the page is. All of it stands in the address, so that every view and moment can be linked to. */
export interface Place {
  readonly view: View;
  /** Farm or node; empty for views without one. */
  readonly name: string;
  readonly query: Query;
}

/** "#/nodes/edge-1?at=2026-11-25T14:05:00Z&zone=Normal"; anything that is not understood is the fleet. */
export function parsePlace(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first = "", second = ""] = path.split("/", 2);
  const query = Object.fromEntries(new URLSearchParams(search));
  const view = VIEWS.find((candidate) => candidate === first) ?? "fleet";
  const name = decodeURIComponent(second);
  if ((view === "farms" || view === "nodes") && name === "") return { view: "fleet", name, query };
  return { view, name: view === "farms" || view === "nodes" ? name : "", query };
}

/** The address of a place; empty values of the query are left out. */
export function linkTo(view: View, name = "", query: Query = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString();
  const path = view === "fleet" ? "" : name === "" ? view : `${view}/${encodeURIComponent(name)}`;
  return `#/${path}${search === "" ? "" : `?${search}`}`;
}

/** Moments outlive a change of view: links keep `at`. */
export function linkKeepingTime(place: Place, view: View, name = ""): string {
  return linkTo(view, name, { at: place.query["at"] ?? "" });
}

/**
 * Changes the query of the present place. Going to another moment or zoom replaces the entry of the history, so that
 * "back" leaves the view instead of undoing a drag.
 */
export function changeQuery(changes: Query): void {
  const place = parsePlace(location.hash);
  history.replaceState(null, "", linkTo(place.view, place.name, { ...place.query, ...changes }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const follow = (): void => setPlace(parsePlace(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}

/** The moment that a place is about, in Unix milliseconds; null for now. */
export function momentOf(place: Place): number | null {
  const at = place.query["at"];
  if (at === undefined || at === "") return null;
  const ms = /^\d+$/.test(at) ? Number(at) : Date.parse(at);
  return Number.isFinite(ms) ? ms : null;
}

/** A moment as `at` carries it: RFC 3339 in UTC, to the second where it is one. */
export const momentText = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
