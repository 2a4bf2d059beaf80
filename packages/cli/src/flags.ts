import { didYouMean, SETTINGS } from "@farmscope/runtime";

/** What one flag of a command is. Its name, the key in the command's `flags`, is written in kebab case. */
export interface FlagSpec {
  /** "switch" takes no value; "integer" and "number" are refused unless finite and within their bounds. */
  readonly kind: "switch" | "text" | "integer" | "number";
  /** A sentence for the help. */
  readonly description: string;
  /** Name of the value in the help, in capitals. Default VALUE. */
  readonly placeholder?: string;
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string | number;
  readonly required?: boolean;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type ValueOf<F extends FlagSpec> = F["kind"] extends "switch"
  ? boolean
  : F["kind"] extends "text"
    ? F["choices"] extends readonly (infer Choice)[]
      ? Choice
      : string
    : number;

type AbsentOf<F extends FlagSpec> = F["kind"] extends "switch"
  ? never
  : F extends { readonly default: string | number } | { readonly required: true }
    ? never
    : undefined;

/** The values of a command's flags, by name: what is neither given nor has a default is undefined, a switch is false. */
export type FlagValues<F extends FlagSpecs> = { readonly [Name in keyof F]: ValueOf<F[Name]> | AbsentOf<F[Name]> };

/** Flags that every command takes. Every setting is a flag of every command besides. */
export const COMMON_FLAGS = {
  help: { kind: "switch", description: "Show this help." },
  json: { kind: "switch", description: "End with one JSON document on the last line of standard output." },
  config: {
    kind: "text",
    placeholder: "FILE",
    description: "Settings file. Default: farmscope.yaml, if there is one.",
  },
} as const satisfies FlagSpecs;

export interface ParsedFlags {
  /** Values of the command's own and the common flags. */
  readonly values: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Texts of the settings given as flags, by flag name. */
  readonly settings: Readonly<Record<string, string>>;
  readonly positionals: readonly string[];
  readonly faults: readonly string[];
}

/**
 * Reads a command's arguments: `--name value`, `--name=value`, `--switch`, `-h`; after `--` everything is positional.
 * Never throws: what is wrong is in `faults`, all of it.
 */
export function parseFlags(args: readonly string[], own: FlagSpecs): ParsedFlags {
  return new FlagReader(own).read(args);
}

const settingFlags = new Set(SETTINGS.map((setting) => setting.flag));

class FlagReader {
  readonly #specs: FlagSpecs;
  readonly #values = new Map<string, string | number | boolean>();
  readonly #settings = new Map<string, string>();
  readonly #positionals: string[] = [];
  readonly #faults: string[] = [];

  constructor(own: FlagSpecs) {
    this.#specs = { ...COMMON_FLAGS, ...own };
  }

  read(args: readonly string[]): ParsedFlags {
    const rest = [...args];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === "--") this.#positionals.push(...rest.splice(0));
      else if (word === "-h") this.#values.set("help", true);
      else if (word.startsWith("-") && word !== "-") this.#readFlag(word, rest);
      else this.#positionals.push(word);
    }
    this.#fillDefaults();
    return {
      values: Object.fromEntries(this.#values),
      settings: Object.fromEntries(this.#settings),
      positionals: this.#positionals,
      faults: this.#faults,
    };
  }

  #readFlag(word: string, rest: string[]): void {
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const name = written.replace(/^--?/, "");
    const spec = Object.hasOwn(this.#specs, name) && written.startsWith("--") ? this.#specs[name] : undefined;
    if (spec?.kind === "switch") {
      this.#setSwitch(name, inline);
    } else if (spec === undefined && !(written.startsWith("--") && settingFlags.has(name))) {
      const known = [...Object.keys(this.#specs), ...settingFlags].map((flag) => `--${flag}`);
      this.#faults.push(`unknown flag ${written}${didYouMean(written, known)}`);
      // What follows an unknown flag was most likely meant as its value: one mistake, one fault.
      if (inline === undefined) takeValue(rest);
    } else {
      this.#setValue(name, spec, inline ?? takeValue(rest));
    }
  }

  #setSwitch(name: string, inline: string | undefined): void {
    if (inline === undefined || inline === "true") this.#values.set(name, true);
    else if (inline === "false") this.#values.set(name, false);
    else this.#faults.push(`--${name} takes no value, but was given ${JSON.stringify(inline)}`);
  }

  #setValue(name: string, spec: FlagSpec | undefined, text: string | undefined): void {
    if (text === undefined) {
      this.#faults.push(`--${name} needs a value`);
    } else if (this.#values.has(name) || this.#settings.has(name)) {
      this.#faults.push(`--${name} is given twice`);
    } else if (spec === undefined) {
      this.#settings.set(name, text);
    } else {
      const fault = faultOf(spec, text);
      if (fault !== null) this.#faults.push(`--${name}: ${JSON.stringify(text)} is not ${fault}`);
      this.#values.set(name, spec.kind === "text" ? text : Number(text));
    }
  }

  #fillDefaults(): void {
    for (const [name, spec] of Object.entries(this.#specs)) {
      if (this.#values.has(name)) continue;
      if (spec.kind === "switch") this.#values.set(name, false);
      else if (spec.default !== undefined) this.#values.set(name, spec.default);
      else if (spec.required === true) this.#faults.push(`--${name} is needed`);
    }
  }
}

function takeValue(rest: string[]): string | undefined {
  const next = rest[0];
  const isFlag = next?.startsWith("-") === true && !/^-(\d|$)/.test(next);
  return isFlag ? undefined : rest.shift();
}

/** What the text should have been, or null when it is right. */
function faultOf(spec: FlagSpec, text: string): string | null {
  if (spec.kind === "text") {
    return spec.choices === undefined || spec.choices.includes(text) ? null : `one of ${spec.choices.join(", ")}`;
  }
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = spec;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const isKind = spec.kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isKind && value >= minimum && value <= maximum) return null;
  const from = spec.minimum === undefined ? "" : ` from ${minimum}`;
  const to = spec.maximum === undefined ? "" : ` to ${maximum}`;
  return `a ${spec.kind === "integer" ? "whole number" : "number"}${from}${to}`;
}
