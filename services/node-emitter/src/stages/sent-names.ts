/** Most characters of a cgroup's path; readers refuse more. The kernel's PATH_MAX. */
const PATH_CHARACTERS_MAX = 4096;

/** Which names this start has sent, so that each goes out once; an id that came to mean another path goes out again. */
export class SentNames {
  /** Names that were not sent because the limit was reached or the path too long. */
  refused = 0;
  readonly #max: number;
  readonly #paths = new Map<number, string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** True when the name must be sent; remembers it as sent. */
  isNews(id: number, path: string): boolean {
    const known = this.#paths.get(id);
    if (known === path) return false;
    if (path.length > PATH_CHARACTERS_MAX || (known === undefined && this.#paths.size >= this.#max)) {
      this.refused++;
      return false;
    }
    this.#paths.set(id, path);
    return true;
  }
}
