import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { isMap, LineCounter, parseDocument } from "yaml";
import { type Config, type ConfigKey, ConfigSchema } from "./config.ts";
import { messageOf, OperatingError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

/** Where the settings may come from, strongest first. */
export interface ConfigSources {
  /** Values of command-line flags by setting ("httpAddress") or flag name ("http-address"). */
  readonly flags?: Readonly<Record<string, string>>;
  /** Environment; only FARMSCOPE_* is looked at. An empty value counts as not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML file that must exist. */
  readonly file?: string | undefined;
}

/** Where one value came from: `name` is the flag, the variable or the file; empty for a default. */
export interface Origin {
  readonly source: "flag" | "env" | "file" | "default";
  readonly name: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly origins: Readonly<Record<ConfigKey, Origin>>;
}

/** What the schema says of one setting, in plain words and data. */
export interface Setting {
  readonly key: ConfigKey;
  /** Name of its flag, without the hyphens in front. */
  readonly flag: string;
  readonly env: string;
  readonly secret: boolean;
  readonly description: string;
  readonly defaultValue: string | number;
  /** What a value has to be, to follow "is not". */
  readonly expected: string;
}

/** A setting's schema as TypeBox builds it. */
interface SettingSchema {
  readonly type?: string;
  readonly anyOf?: readonly { readonly const: string }[];
  readonly default: string | number;
  readonly description: string;
  readonly env: string;
  readonly secret?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

const schemas = ConfigSchema.properties as unknown as Readonly<Record<ConfigKey, SettingSchema>>;
const ajv = new Ajv({ strict: false });

/** Every setting, in the schema's order. */
export const SETTINGS: readonly Setting[] = (Object.keys(schemas) as ConfigKey[]).map((key) => ({
  key,
  flag: flagNameOf(key),
  env: schemas[key].env,
  secret: schemas[key].secret === true,
  description: schemas[key].description,
  defaultValue: schemas[key].default,
  expected: expectationOf(schemas[key]),
}));

/** Variables of the environment that are no settings: they steer set-up, tests and the search for binaries. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  FARMSCOPE_CONFIG: "Path of the settings file. Default: farmscope.yaml, where there is one.",
  FARMSCOPE_SYSROOT: "Directory into which packages were unpacked without root. Default: .cache/sysroot.",
  FARMSCOPE_NATS_SERVER: "The nats-server binary to start.",
  FARMSCOPE_REDIS_SERVER: "The redis-server binary to start.",
  FARMSCOPE_PROMETHEUS: "The Prometheus binary for the tests of what is exported.",
  FARMSCOPE_CHROMIUM: "The Chromium binary for the browser tests.",
  FARMSCOPE_REQUIRE: "What tests must not skip, comma separated: nats, redis, kafka, chromium, bpf, prometheus.",
};

/**
 * Reads all settings: flags stand over environment over file over defaults.
 * @throws {OperatingError} CONFIG_INVALID with every fault of every source, one a line.
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const { config, origins, faults } = resolveConfig(sources);
  if (faults.length > 0) throw new OperatingError("CONFIG_INVALID", faults.join("\n"));
  return { config, origins };
}

/** Like {@link loadConfig}, but hands the faults back; a faulty value leaves what stands below it. */
export function resolveConfig(sources: ConfigSources): LoadedConfig & { readonly faults: readonly string[] } {
  const resolution = new Resolution();
  if (sources.file !== undefined) resolution.takeFile(sources.file);
  resolution.takeEnvironment(sources.env ?? {});
  resolution.takeFlags(sources.flags ?? {});
  return {
    config: resolution.values as Config,
    origins: resolution.origins as Record<ConfigKey, Origin>,
    faults: resolution.faults,
  };
}

/** A value fit for showing: secrets that are set are hidden, and so are the credentials inside of any URL. */
export function displayValue(setting: Setting, value: string | number): string | number {
  if (typeof value === "number" || value === "") return value;
  return setting.secret ? "[hidden]" : value.replaceAll(/\/\/[^@/,]*@/g, "//[hidden]@");
}

/** Collects values from the weakest source to the strongest, and every fault on the way. */
class Resolution {
  readonly values: Partial<Record<ConfigKey, unknown>> = {};
  readonly origins: Partial<Record<ConfigKey, Origin>> = {};
  readonly faults: string[] = [];

  constructor() {
    for (const { key, defaultValue } of SETTINGS) {
      this.values[key] = defaultValue;
      this.origins[key] = { source: "default", name: "" };
    }
  }

  takeFile(path: string): void {
    const content = this.#parse(path);
    for (const [key, value] of Object.entries(content)) {
      const setting = SETTINGS.find((candidate) => candidate.key === key);
      if (setting === undefined) {
        this.faults.push(`${path}: unknown key ${key}${didYouMean(key, Object.keys(schemas))}`);
      } else {
        this.#set(setting, value, { source: "file", name: path });
      }
    }
  }

  takeEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    const known = [...SETTINGS.map((setting) => setting.env), ...Object.keys(OTHER_VARIABLES)];
    for (const [name, text] of Object.entries(env)) {
      if (!name.startsWith("FARMSCOPE_") || name in OTHER_VARIABLES) continue;
      const setting = SETTINGS.find((candidate) => candidate.env === name);
      if (setting === undefined) {
        this.faults.push(`unknown variable ${name}${didYouMean(name, known)}`);
      } else if (text !== undefined && text !== "") {
        this.#set(setting, fromText(setting, text), { source: "env", name });
      }
    }
  }

  takeFlags(flags: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(flags)) {
      const setting = SETTINGS.find((candidate) => candidate.flag === name || candidate.key === name);
      if (setting === undefined) {
        const names = SETTINGS.map((candidate) => `--${candidate.flag}`);
        this.faults.push(`unknown flag --${name}${didYouMean(`--${name}`, names)}`);
      } else {
        this.#set(setting, fromText(setting, text), { source: "flag", name: `--${setting.flag}` });
      }
    }
  }

  #set(setting: Setting, value: unknown, origin: Origin): void {
    if (ajv.validate(schemas[setting.key], value)) {
      this.values[setting.key] = value;
      this.origins[setting.key] = origin;
      return;
    }
    const shown = setting.secret ? "the value" : JSON.stringify(value);
    const where = origin.source === "file" ? `${origin.name}: ${setting.key}` : origin.name;
    this.faults.push(`${where}: ${shown} is not ${setting.expected}`);
  }

  #parse(path: string): Readonly<Record<string, unknown>> {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      this.faults.push(`${path}: cannot be read: ${messageOf(error)}`);
      return {};
    }
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { lineCounter, prettyErrors: false });
    for (const error of document.errors) {
      this.faults.push(`${path}:${lineCounter.linePos(error.pos[0]).line}: ${error.message}`);
    }
    if (document.errors.length > 0) return {};
    if (document.contents === null) return {};
    if (isMap(document.contents)) return document.toJS() as Record<string, unknown>;
    this.faults.push(`${path}: must hold settings, one "key: value" a line`);
    return {};
  }
}

/** A flag's or variable's text as the setting's type wants it; text that is no number stays text and fails the check. */
function fromText(setting: Setting, text: string): unknown {
  if (schemas[setting.key].type !== "integer") return text;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

function flagNameOf(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function expectationOf(schema: SettingSchema): string {
  if (schema.anyOf !== undefined) return `one of ${schema.anyOf.map((choice) => choice.const).join(", ")}`;
  if (schema.type === "integer") {
    const from = schema.minimum === undefined ? "" : ` from ${schema.minimum}`;
    return `a whole number${from}${schema.maximum === undefined ? "" : ` to ${schema.maximum}`}`;
  }
  const bounds = [
    schema.minLength === undefined ? "" : ` of at least ${schema.minLength} character`,
    schema.maxLength === undefined ? "" : ` of at most ${schema.maxLength} characters`,
    schema.pattern === undefined ? "" : ` such as ${schema.default}, matching ${schema.pattern}`,
  ];
  return `text${bounds.filter((bound) => bound !== "").join(" and")}`;
}
