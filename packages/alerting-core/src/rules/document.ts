import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { type FaultPath, pathText, type RuleFault } from "./faults.ts";

/** Most characters of a wrong value that a message repeats. */
const SHOWN_LENGTH_MAX = 60;

/** A YAML file with its faults: every fault is reported against a path, and told by line and column. */
export class RulesDocument {
  readonly file: string;
  readonly faults: RuleFault[] = [];
  /** The file as plain data; null when it is not YAML. */
  readonly data: unknown;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(file: string, text: string) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { message, pos } of [...this.#document.errors, ...this.#document.warnings]) {
      this.#add(pos[0], "", `is not valid YAML: ${message}`);
    }
    this.data = this.faults.length > 0 ? null : this.#toData();
  }

  /** Reports a fault of the value at a path, at its place in the file; without a value there, at the nearest parent. */
  report(path: FaultPath, message: string): void {
    this.#add(this.#offsetOf(path), pathText(path), message);
  }

  /** Reports a fault of a key of the map at a path. */
  reportKey(path: FaultPath, key: string, message: string): void {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    const pair = isMap(map)
      ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    const keyNode = pair?.key;
    const offset = isNode(keyNode) ? (keyNode.range?.[0] ?? 0) : this.#offsetOf(path);
    this.#add(offset, pathText([...path, key]), message);
  }

  /** Whether a fault was reported at this path or below it. */
  isFaulty(path: FaultPath): boolean {
    const prefix = pathText(path);
    return this.faults.some(
      ({ path: at }) => at === prefix || at.startsWith(`${prefix}.`) || at.startsWith(`${prefix}[`),
    );
  }

  /** The value at a path as it was written, cut short, for messages. */
  shown(path: FaultPath): string {
    const text = JSON.stringify(path.length === 0 ? this.data : this.#document.getIn(path)) ?? "nothing";
    return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
  }

  #toData(): unknown {
    try {
      return this.#document.toJS();
    } catch (error) {
      // Thrown for aliases that would grow beyond all bounds.
      this.#add(0, "", `is not usable YAML: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }

  #offsetOf(path: FaultPath): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node)) return node.range?.[0] ?? 0;
    }
    return this.#document.contents?.range?.[0] ?? 0;
  }

  #add(offset: number, path: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.faults.push({ file: this.file, line: Math.max(1, line), column: Math.max(1, col), path, message });
  }
}
