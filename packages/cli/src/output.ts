import { stripVTControlCharacters, styleText } from "node:util";

/** How a word is set off on a terminal. */
export type Tone = "plain" | "strong" | "accent" | "good" | "warning" | "bad";
const STYLES = { strong: "bold", accent: "cyan", good: "green", warning: "yellow", bad: "red" } as const;

/** Where text goes; the process's own streams, or a test's arrays. */
export interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether standard output is a terminal that shows colours. Default: no. */
  readonly isTerminal?: boolean;
}

/**
 * What a command says. Without --json people read standard output; with it standard output carries one JSON document on
 * its last line, and what people would have read goes to standard error.
 */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.json = json;
  }

  /** A word in a tone: coloured on a terminal, as it is elsewhere and beside --json. */
  paint(tone: Tone, text: string): string {
    if (tone === "plain" || this.json || this.#streams.isTerminal !== true) return text;
    return styleText(STYLES[tone], text, { validateStream: false });
  }

  /** A line for people. */
  line(text = ""): void {
    if (this.json) this.#streams.stderr(`${text}\n`);
    else this.#streams.stdout(`${text}\n`);
  }

  /** A remark, always on standard error. */
  note(text: string): void {
    this.#streams.stderr(`${text}\n`);
  }

  /** The answer of the command, to be given once and last: as JSON, or as `render` writes it for people. */
  answer(document: object, render: () => string): void {
    this.#streams.stdout(this.json ? `${JSON.stringify(document)}\n` : `${render()}\n`);
  }
}

/** Rows as aligned columns, two spaces between them; the last column is not padded, colours take no room. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  const pad = (row: readonly string[]): string =>
    row.map((cell, column) => cell + " ".repeat(widths[column]! - widthOf(cell))).join("  ");
  return rows.map((row) => pad(row).trimEnd()).join("\n");
}

const widthOf = (cell: string): number => stripVTControlCharacters(cell).length;
