/** Position of the lowest bit that is set, in a word that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Position of the highest bit that is set, in a word that is not 0: its logarithm, rounded down. */
export function highestBit(word: number): number {
  return 31 - Math.clz32(word);
}
