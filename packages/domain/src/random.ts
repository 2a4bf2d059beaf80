import { fnv1a } from "./partition.ts";

/**
 * A seeded stream of pseudo-random numbers: the only chance that domain code, simulators and tests know.
 * Generator: sfc32 of Chris Doty-Humphrey's PractRand 0.95 (sfc.cpp), 128 bits of state, warmed up with 12 rounds.
 * Not for secrets.
 */
export class Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any integer; its low 32 bits count. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#a = mix(this.#seed);
    this.#b = mix(this.#a ^ 0x9e3779b9);
    this.#c = mix(this.#b ^ 0x9e3779b9);
    for (let round = 0; round < 12; round++) this.nextUint32();
  }

  /** Uniform over [0, 2^32). */
  nextUint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform over [0, 1), 32 bits fine. */
  nextFloat(): number {
    return this.nextUint32() / 2 ** 32;
  }

  /** Uniform over the integers of [0, bound), without bias. @param bound an integer of [1, 2^32]. */
  nextInt(bound: number): number {
    const unbiasedEnd = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = this.nextUint32();
      if (value < unbiasedEnd) return value % bound;
    }
  }

  /** A stream of its own, which depends on this one's seed and the label only, not on how much was drawn. */
  fork(label: string): Random {
    return new Random(mix(this.#seed ^ fnv1a(label)));
  }
}

/** Finaliser of MurmurHash3 (Austin Appleby, fmix32): every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
