import type { ControlBook, KnownAnnotation, KnownSilence } from "@farmscope/domain";
import { type Matcher as MatcherRecord, MatchKind } from "@farmscope/proto";
import { rfc3339 } from "../period.ts";
import type { Annotation, ControlAnswer, Matcher, Silence } from "../schemas/index.ts";
import { num } from "./number.ts";

const KINDS: Readonly<Record<Matcher["kind"], MatchKind>> = {
  "=": MatchKind.EQUAL,
  "!=": MatchKind.NOT_EQUAL,
  "=~": MatchKind.REGEX,
  "!~": MatchKind.NOT_REGEX,
};

export function controlAnswer(book: ControlBook, farm: string, nowMs: number): ControlAnswer {
  const said = book.samplings.ofFarm(farm);
  return {
    coverage: 1,
    at: rfc3339(nowMs),
    position: book.position,
    farm,
    pageKeepOneIn: said?.pageKeepOneIn ?? null,
    runqKeepOneIn: said?.runqKeepOneIn ?? null,
    by: said?.place.by ?? null,
    sinceMs: said?.place.appendedAtMs ?? null,
  };
}

export function annotationOf({ annotation, place }: KnownAnnotation): Annotation {
  const { id, atMs, untilMs, farm, node, text, tags, url } = annotation;
  return {
    id,
    atMs: num(atMs),
    untilMs: num(untilMs) || null,
    farm: farm || null,
    node: node || null,
    text,
    tags: { ...tags },
    url: url || null,
    by: place.by,
  };
}

export function silenceOf({ silence, place }: KnownSilence, nowMs: number): Silence {
  const [startsMs, endsMs] = [num(silence.startsMs), num(silence.endsMs)];
  return {
    id: silence.id,
    matchers: silence.matchers.map(matcherText),
    startsMs,
    endsMs,
    state: nowMs >= endsMs ? "expired" : nowMs < startsMs ? "pending" : "active",
    createdBy: silence.createdBy || place.by,
    comment: silence.comment,
  };
}

/** A matcher as fs.control has it. */
export function matcherRecord({ label, kind, value }: Matcher) {
  return { label, kind: KINDS[kind], value };
}

function matcherText({ label, kind, value }: MatcherRecord): Matcher {
  const found = (Object.keys(KINDS) as Matcher["kind"][]).find((text) => KINDS[text] === kind);
  return { label, kind: found ?? "=", value };
}
