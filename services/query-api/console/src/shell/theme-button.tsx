import { useState } from "preact/hooks";
import { applyThemeChoice, readThemeChoice, type ThemeChoice } from "../charts/colours.ts";

const NEXT: Readonly<Record<ThemeChoice, ThemeChoice>> = { auto: "dark", dark: "light", light: "auto" };
const SIGNS: Readonly<Record<ThemeChoice, string>> = { auto: "◐", dark: "☾", light: "☀" };

/** Dark, light, or as the system has it. */
export function ThemeButton() {
  const [choice, setChoice] = useState(readThemeChoice);
  return (
    <button
      type="button"
      class="icon"
      aria-label={`Colours: ${choice}`}
      title={`Colours: ${choice}`}
      onClick={() => {
        applyThemeChoice(NEXT[choice]);
        setChoice(NEXT[choice]);
      }}
    >
      {SIGNS[choice]}
    </button>
  );
}
