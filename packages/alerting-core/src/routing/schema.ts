/**
 * The shape of a routing document, in the idiom of Alertmanager's configuration, and the text of its published JSON
 * Schema (services/alerting/routing/routing.schema.json, held to this by a test). Every description completes the
 * sentence "must be …": it is what a person reads when a value is wrong.
 */
import { DURATION_PATTERN } from "../rules/quantity.ts";

/** Most children of a route, receivers, targets of a kind in a receiver, inhibit rules, intervals and parts of one. */
export const ROUTES_MAX = 100;
export const RECEIVERS_MAX = 100;
export const RECEIVER_TARGETS_MAX = 10;
export const LIST_MAX = 100;
/** Most routes below each other. */
export const ROUTE_DEPTH_MAX = 10;

const NAME_PATTERN = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$";
const LABEL_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$";

const name = {
  type: "string",
  pattern: NAME_PATTERN,
  description: "a name of letters, digits, '_', '-' and '.', at most 64",
};
const duration = (example: string) => ({
  type: "string",
  pattern: DURATION_PATTERN,
  description: `a duration such as ${example}`,
});
const list = (items: object, what: string, maxItems = LIST_MAX) => ({
  type: "array",
  items,
  maxItems,
  description: `a list of at most ${maxItems} ${what}`,
});
const text = (description: string) => ({ type: "string", minLength: 1, maxLength: 2000, description });
const flag = { type: "boolean", description: "true or false" };
const object = (properties: object, required: readonly string[], description: string) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
  description,
});
const matchers = list(text('a matcher such as severity="critical" or team=~"mem.*"'), "matchers");
const names = list(name, "names");
const address = text("an http or https address");
const environment = {
  type: "string",
  pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
  description: "the name of an environment variable",
};
const path = text("a path of a file");

const route = object(
  {
    receiver: name,
    matchers,
    continue: flag,
    group_by: list(
      {
        type: "string",
        pattern: `${LABEL_PATTERN}|^\\.\\.\\.$`,
        description: "a label, or '...' alone for all of them",
      },
      "labels",
    ),
    group_wait: duration("30s"),
    group_interval: duration("5m"),
    repeat_interval: duration("4h"),
    mute_time_intervals: names,
    active_time_intervals: names,
    routes: list({ $ref: "#/$defs/route" }, "routes", ROUTES_MAX),
  },
  [],
  "a route",
);

const receiver = object(
  {
    name,
    pagerduty_configs: list(
      object(
        { name, routing_key_env: environment, routing_key_file: path, url: address, send_resolved: flag },
        [],
        "a target with `routing_key_env` or `routing_key_file`",
      ),
      "targets",
      RECEIVER_TARGETS_MAX,
    ),
    slack_configs: list(
      object(
        { name, api_url_env: environment, api_url_file: path, send_resolved: flag },
        [],
        "a target with `api_url_env` or `api_url_file`",
      ),
      "targets",
      RECEIVER_TARGETS_MAX,
    ),
    webhook_configs: list(
      object(
        {
          name,
          url: address,
          url_env: environment,
          url_file: path,
          secret_env: environment,
          secret_file: path,
          send_resolved: flag,
        },
        [],
        "a target with `url`, `url_env` or `url_file`",
      ),
      "targets",
      RECEIVER_TARGETS_MAX,
    ),
  },
  ["name"],
  "a receiver with a `name`",
);

const timeSpan = object(
  {
    times: list(
      object(
        {
          start_time: {
            type: "string",
            pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$",
            description: "a time such as 09:00",
          },
          end_time: {
            type: "string",
            pattern: "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
            description: "a time such as 17:00, at most 24:00",
          },
        },
        ["start_time", "end_time"],
        "a `start_time` and an `end_time`",
      ),
      "times",
    ),
    weekdays: list(text("a weekday or a range such as monday:friday"), "weekdays"),
    days_of_month: list(
      { type: ["string", "integer"], description: "a day or a range such as 1:7 or -3:-1" },
      "days of the month",
    ),
    months: list({ type: ["string", "integer"], description: "a month or a range such as january:march" }, "months"),
    years: list({ type: ["string", "integer"], description: "a year or a range such as 2026:2030" }, "years"),
    location: text("a time zone such as Europe/Berlin"),
  },
  [],
  "a span of time",
);

export const RoutingSchema = {
  ...object(
    {
      route: { $ref: "#/$defs/route" },
      receivers: list(receiver, "receivers", RECEIVERS_MAX),
      inhibit_rules: list(
        object(
          { source_matchers: matchers, target_matchers: matchers, equal: list(text("a label"), "labels") },
          ["source_matchers", "target_matchers"],
          "an inhibit rule with `source_matchers` and `target_matchers`",
        ),
        "inhibit rules",
      ),
      time_intervals: list(
        object(
          { name, time_intervals: list(timeSpan, "spans of time") },
          ["name", "time_intervals"],
          "a `name` and `time_intervals`",
        ),
        "time intervals",
      ),
      heartbeat: object(
        { url: address, url_env: environment, url_file: path, interval: duration("1m") },
        [],
        "a heartbeat with `url`, `url_env` or `url_file`",
      ),
    },
    ["route", "receivers"],
    "a document with `route` and `receivers`",
  ),
  $defs: { route },
};

export interface RouteSource {
  readonly receiver?: string;
  readonly matchers?: readonly string[];
  readonly continue?: boolean;
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly mute_time_intervals?: readonly string[];
  readonly active_time_intervals?: readonly string[];
  readonly routes?: readonly RouteSource[];
}

export interface TimeSpanSource {
  readonly times?: readonly { readonly start_time: string; readonly end_time: string }[];
  readonly weekdays?: readonly string[];
  readonly days_of_month?: readonly (string | number)[];
  readonly months?: readonly (string | number)[];
  readonly years?: readonly (string | number)[];
  readonly location?: string;
}

/** A target as it is written: which keys there are depends on its kind. */
export type TargetSource = Readonly<Record<string, string | boolean | undefined>>;

export interface ReceiverSource {
  readonly name: string;
  readonly pagerduty_configs?: readonly TargetSource[];
  readonly slack_configs?: readonly TargetSource[];
  readonly webhook_configs?: readonly TargetSource[];
}

export interface RoutingSource {
  readonly route: RouteSource;
  readonly receivers: readonly ReceiverSource[];
  readonly inhibit_rules?: readonly {
    readonly source_matchers: readonly string[];
    readonly target_matchers: readonly string[];
    readonly equal?: readonly string[];
  }[];
  readonly time_intervals?: readonly { readonly name: string; readonly time_intervals: readonly TimeSpanSource[] }[];
  readonly heartbeat?: TargetSource;
}

/** The published JSON Schema, as text. */
export function routingSchemaText(): string {
  const head = { $schema: "http://json-schema.org/draft-07/schema#", title: "Farmscope alert routing" };
  return `${JSON.stringify({ ...head, ...RoutingSchema }, null, 2)}\n`;
}
