/**
 * The code of a TypeScript file without its comments and without what stands inside of strings and regular expressions,
 * line for line: for rules about code that words in comments must not trip. Not a parser: a slash counts as the start of
 * a regular expression where no value can have ended before it.
 */
export function codeOf(text: string): string {
  return new Stripper(text).strip();
}

const REGEX_MAY_FOLLOW = /(^|[=([{,;:!&|?+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|yield))\s*$/;

class Stripper {
  readonly #text: string;
  #at = 0;
  #out = "";

  constructor(text: string) {
    this.#text = text;
  }

  strip(): string {
    this.#code(null);
    return this.#out;
  }

  /** Copies code up to the end, or up to and without the brace that closes a template's placeholder. */
  #code(closing: "}" | null): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const two = this.#text.slice(this.#at, this.#at + 2);
      const one = two[0]!;
      if (closing === one && depth === 0) return;
      if (one === "{") depth++;
      if (one === "}") depth--;
      if (two === "//") this.#skip(/\n|$/g);
      else if (two === "/*") this.#skip(/\*\/|$/g, 2, true);
      else if (one === '"' || one === "'") this.#quoted(one);
      else if (one === "`") this.#template();
      else if (one === "/" && REGEX_MAY_FOLLOW.test(this.#out.slice(-20))) this.#regex();
      else this.#copy(one);
    }
  }

  #copy(character: string): void {
    this.#out += character;
    this.#at++;
  }

  /** Skips to the next match, past it when `past`, keeping only the line breaks. */
  #skip(end: RegExp, from = 0, past = false): void {
    end.lastIndex = this.#at + from;
    const match = end.exec(this.#text)!;
    const stop = past ? match.index + match[0].length : match.index;
    this.#out += this.#text.slice(this.#at, stop).replaceAll(/[^\n]/g, "");
    this.#at = stop;
  }

  #quoted(quote: string): void {
    this.#copy(quote);
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote)
      this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    this.#copy(quote);
  }

  #template(): void {
    this.#copy("`");
    while (this.#at < this.#text.length && this.#text[this.#at] !== "`") {
      if (this.#text.startsWith("${", this.#at)) {
        this.#at += 2;
        this.#out += "${";
        this.#code("}");
        this.#copy("}");
      } else if (this.#text[this.#at] === "\n") this.#copy("\n");
      else this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    this.#copy("`");
  }

  #regex(): void {
    let inClass = false;
    this.#copy("/");
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character === "\\") this.#at++;
      else if (character === "[") inClass = true;
      else if (character === "]") inClass = false;
      else if (character === "/" && !inClass) break;
    }
    this.#copy("/");
  }
}
