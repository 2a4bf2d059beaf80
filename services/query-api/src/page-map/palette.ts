import { ORDERS_MAX, PageState } from "@farmscope/domain";
import type { LegendEntry } from "../schemas/index.ts";

/** Names of page states, by their numbers. */
export const STATE_NAMES = ["unknown", "free", "allocated", "pcp"] as const;

type Rgb = readonly [number, number, number];

/**
 * A class is what a pixel's colour says: unknown, allocated, on a per-CPU list, or free in a block of an order. Colours
 * keep apart in greys and for colour-blind eyes: allocated is warm and dark, free runs from pale to deep blue with its
 * order, so that large free blocks stand out.
 */
export const UNKNOWN_CLASS = 0;
export const ALLOCATED_CLASS = 1;
export const PER_CPU_CLASS = 2;
export const FREE_CLASS = 3;

const UNKNOWN: Rgb = [0x1c, 0x1f, 0x26];
const ALLOCATED: Rgb = [0xb4, 0x4d, 0x2e];
const PER_CPU: Rgb = [0xf2, 0xc1, 0x4e];
const FREE_SMALL: Rgb = [0xd6, 0xee, 0xf2];
const FREE_LARGE: Rgb = [0x0b, 0x4f, 0x9e];
const MIXED: Rgb = [0x8a, 0x8a, 0x8a];

/**
 * How much of a pixel its largest state must hold for each shade: from the pure colour to the one that is nearly that of
 * MIXED, where no state holds half. A colour so never claims more than is there.
 */
export const SHADE_SHARES: readonly number[] = [0.95, 0.75, 0.5, 0];
const SHADE_MIX: readonly number[] = [0, 0.25, 0.5, 0.85];
export const SHADES = SHADE_SHARES.length;

export function classOf(state: PageState, order: number): number {
  if (state === PageState.Free) return FREE_CLASS + order;
  if (state === PageState.Allocated) return ALLOCATED_CLASS;
  return state === PageState.PerCpu ? PER_CPU_CLASS : UNKNOWN_CLASS;
}

const CLASSES = FREE_CLASS + ORDERS_MAX;

/** Entry of a class and shade in {@link paletteOf}. */
export function paletteIndex(pageClass: number, shade: number): number {
  return pageClass * SHADES + shade;
}

/** Colours by palette index: (3 + 16) x 4 = 76 of the 256 that PNG allows. */
export function paletteOf(maxOrder: number): number[][] {
  return Array.from({ length: CLASSES * SHADES }, (_, index) => {
    const pure = pureColour(Math.floor(index / SHADES), maxOrder);
    return [...blend(pure, MIXED, SHADE_MIX[index % SHADES])];
  });
}

/** What the colours mean, for people. */
export function legendOf(maxOrder: number): LegendEntry[] {
  const orders = Array.from({ length: maxOrder + 1 }, (_, order) => order);
  const pure = (pageClass: number): string => hex(pureColour(pageClass, maxOrder));
  return [
    { state: "allocated", order: null, label: "allocated", colour: pure(ALLOCATED_CLASS) },
    { state: "pcp", order: null, label: "on a per-CPU list", colour: pure(PER_CPU_CLASS) },
    ...orders.map((order): LegendEntry => {
      const label = `free, block of ${2 ** order} page${order === 0 ? "" : "s"}`;
      return { state: "free", order, label, colour: pure(FREE_CLASS + order) };
    }),
    { state: "unknown", order: null, label: "hole or not observed", colour: pure(UNKNOWN_CLASS) },
    {
      state: "mixed",
      order: null,
      label: "greyer: several states in one pixel, the largest's hue",
      colour: hex(MIXED),
    },
  ];
}

function pureColour(pageClass: number, maxOrder: number): Rgb {
  if (pageClass === UNKNOWN_CLASS) return UNKNOWN;
  if (pageClass === ALLOCATED_CLASS) return ALLOCATED;
  if (pageClass === PER_CPU_CLASS) return PER_CPU;
  return blend(FREE_SMALL, FREE_LARGE, Math.min(1, (pageClass - FREE_CLASS) / Math.max(1, maxOrder)));
}

function blend(from: Rgb, to: Rgb, weight: number): Rgb {
  const [r, g, b] = from.map((value, i) => Math.round(value + (to[i] - value) * weight)) as [number, number, number];
  return [r, g, b];
}

function hex(colour: Rgb): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
