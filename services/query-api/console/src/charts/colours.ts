import { useEffect, useState } from "preact/hooks";

/**
 * Colours that people with any colour vision can tell apart. Sequential: trouble is far from the page's own colour, so
 * on a dark page the scale runs from dark to bright ("inferno", matplotlib), on a light one from pale to dark
 * ("lajolla", Crameri 2018, Scientific colour maps).
 */
const DARK_STOPS = ["#343c52", "#5b2a80", "#932667", "#dd513a", "#fca50a", "#fcffa4"] as const;
const LIGHT_STOPS = ["#f6efc9", "#f3cf6b", "#e89a4f", "#cf6449", "#8f3d3a", "#3d1f1d"] as const;

/** How much there is of something that is good to have: from the page's colour to a deep, or bright, blue. */
const DARK_PLENTY = ["#1b2735", "#1f4a73", "#2f7cb8", "#8fd0ff"] as const;
const LIGHT_PLENTY = ["#e6eef6", "#a9cbe6", "#4d8fc4", "#0b3f7e"] as const;

/** Steps of the sequential scale that are computed beforehand. */
export const SCALE_STEPS = 64;

export interface Theme {
  readonly isDark: boolean;
  /** Colours of the sequential scale, calm to trouble. */
  readonly scale: readonly string[];
  /** The scale as a CSS background. */
  readonly gradient: string;
  /** The same for what is good to have much of. */
  readonly plenty: readonly string[];
  readonly plentyGradient: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly card: string;
}

/** Colour of a place 0..1 on a scale; values outside are clamped. */
export function colourOn(scale: readonly string[], place: number): string {
  return scale[Math.round(Math.max(0, Math.min(1, place)) * (SCALE_STEPS - 1))] as string;
}

/** Colour of a place 0 (calm) to 1 (trouble). */
export const scaleColour = (theme: Theme, place: number): string => colourOn(theme.scale, place);

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

function scaleOf(stops: readonly string[]): string[] {
  return Array.from({ length: SCALE_STEPS }, (_, step) => {
    const at = (step / (SCALE_STEPS - 1)) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(at));
    const [from, to] = [channels(stops[index] as string), channels(stops[index + 1] as string)];
    return `rgb(${from.map((value, i) => Math.round(value + ((to[i] as number) - value) * (at - index))).join(" ")})`;
  });
}

const DARK_SCALE = scaleOf(DARK_STOPS);
const LIGHT_SCALE = scaleOf(LIGHT_STOPS);
const DARK_PLENTY_SCALE = scaleOf(DARK_PLENTY);
const LIGHT_PLENTY_SCALE = scaleOf(LIGHT_PLENTY);
const gradientOf = (stops: readonly string[]): string => `linear-gradient(to right, ${stops.join(", ")})`;

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const variable = (name: string): string => style.getPropertyValue(name).trim();
  const isDark = variable("--is-dark") === "1";
  const scale = isDark ? DARK_SCALE : LIGHT_SCALE;
  return {
    isDark,
    scale,
    gradient: gradientOf(isDark ? DARK_STOPS : LIGHT_STOPS),
    plenty: isDark ? DARK_PLENTY_SCALE : LIGHT_PLENTY_SCALE,
    plentyGradient: gradientOf(isDark ? DARK_PLENTY : LIGHT_PLENTY),
    ink: variable("--ink"),
    quiet: variable("--quiet"),
    line: variable("--line"),
    card: variable("--card"),
  };
}

const CHANGED = "farmscope-theme";

/** The colours in force; canvases must be drawn anew when they change. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const follow = (): void => setTheme(readTheme());
    system.addEventListener("change", follow);
    addEventListener(CHANGED, follow);
    return () => {
      system.removeEventListener("change", follow);
      removeEventListener(CHANGED, follow);
    };
  }, []);
  return theme;
}

export type ThemeChoice = "auto" | "light" | "dark";
const CHOICE_KEY = "farmscope-theme";

export const readThemeChoice = (): ThemeChoice => (localStorage.getItem(CHOICE_KEY) as ThemeChoice | null) ?? "auto";

export function applyThemeChoice(choice: ThemeChoice): void {
  localStorage.setItem(CHOICE_KEY, choice);
  if (choice === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
  dispatchEvent(new Event(CHANGED));
}
