import { useEffect } from "preact/hooks";
import { changeQuery, linkTo, momentOf, momentText, type Place } from "../route.ts";

/** What keys do anywhere; the fleet's picture and the page map have keys of their own while they are in focus. */
export const KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ["1 2 3 4", "fleet, alerts, replay, status"],
  ["/", "find a node"],
  ["← →", "ten seconds back or forward, on a farm or node"],
  ["l", "back to now"],
  ["arrows, Enter", "on the fleet: choose a node, open it"],
  ["arrows, + −", "on the page map: choose a frame, zoom"],
  ["?", "this help"],
  ["Esc", "close"],
];

const STEP_MS = 10_000;
const VIEW_KEYS = { "1": "fleet", "2": "alerts", "3": "replay", "4": "status" } as const;

export function useKeys(place: Place, toggleHelp: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const view = VIEW_KEYS[event.key as keyof typeof VIEW_KEYS];
      if (view !== undefined) location.hash = linkTo(view);
      else if (event.key === "?") toggleHelp();
      else if (event.key === "l") changeQuery({ at: "" });
      else if (event.key === "/") focusFinder(event);
      else if (place.view === "farms" || place.view === "nodes") stepTime(event.key, place);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [place]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function focusFinder(event: KeyboardEvent): void {
  event.preventDefault();
  document.getElementById("node-finder")?.focus();
}

function stepTime(key: string, place: Place): void {
  const direction = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
  if (direction === 0) return;
  const at = Math.round((momentOf(place) ?? Date.now()) / STEP_MS) * STEP_MS + direction * STEP_MS;
  changeQuery({ at: at >= Date.now() ? "" : momentText(at) });
}
