/**
 * A sequential scale that people with any colour vision can read, dark to light (stops of "viridis", matplotlib).
 */
const STOPS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

/** Colour of a place 0..1 on the scale; values outside are clamped. */
export function scaleColour(place: number): string {
  const at = Math.max(0, Math.min(1, place)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(at));
  const rest = at - index;
  const [from, to] = [STOPS[index]!, STOPS[index + 1]!];
  const mix = (channel: 0 | 1 | 2): number => Math.round(from[channel] + (to[channel] - from[channel]) * rest);
  return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
}

/** The whole scale from calm to trouble, as a CSS background. */
export const SCALE_GRADIENT = `linear-gradient(to right, ${STOPS.map((stop) => `rgb(${stop.join(" ")})`).join(", ")})`;
