/** Bits set in a word. Source: Warren, "Hacker's Delight", figure 5-2. */
export function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Position of the lowest bit that is set, in a word that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Position of the highest bit that is set, in a word that is not 0: its logarithm, rounded down. */
export function highestBit(word: number): number {
  return 31 - Math.clz32(word);
}
