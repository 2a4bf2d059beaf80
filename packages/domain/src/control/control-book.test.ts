import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type MatcherSchema, MatchKind, type MessageInitShape } from "@farmscope/proto";
import { ControlBook } from "./control-book.ts";
import { controlFaults } from "./control-faults.ts";
import {
  ACKNOWLEDGEMENTS_MAX,
  ANNOTATIONS_MAX,
  CONTROL_NAME_LENGTH_MAX,
  CONTROL_TEXT_LENGTH_MAX,
  MATCHERS_MAX,
  MEMBERSHIPS_MAX,
  RULE_QUANTILES_MAX,
  RULE_TEXT_LENGTH_MAX,
  SAMPLINGS_MAX,
  SILENCES_MAX,
} from "./control-limits.ts";
import { type ControlBody, controlKey, controlRecord } from "./control-record.ts";

const record = (body: ControlBody) => controlRecord({ id: "r", atMs: 5, by: "test" }, body);

/** A book that records are appended to, one a millisecond. */
class Written {
  readonly book = new ControlBook();
  #position = 0;

  append(body: ControlBody) {
    this.#position++;
    return this.book.apply(record(body), { position: this.#position, appendedAtMs: this.#position });
  }

  membership = (node: string, farm: string, version: number) =>
    this.append({ case: "membership", value: { node, farm, version } });
  silence = (id: string, startsMs: number, endsMs: number, matchers = [equal("farm", "a")]) =>
    this.append({ case: "silence", value: { id, startsMs: BigInt(startsMs), endsMs: BigInt(endsMs), matchers } });
  annotation = (id: string, atMs: number, extra: { untilMs?: bigint; farm?: string; node?: string } = {}) =>
    this.append({ case: "annotation", value: { id, atMs: BigInt(atMs), text: "deployed", ...extra } });
  sampling = (farm: string, node: string, pageKeepOneIn: number, runqKeepOneIn: number) =>
    this.append({ case: "sampling", value: { farm, node, pageKeepOneIn, runqKeepOneIn } });
  acknowledgement = (incident: string, withdrawn = false) =>
    this.append({ case: "acknowledgement", value: { incident, withdrawn } });
}

type MatcherInit = MessageInitShape<typeof MatcherSchema>;
const equal = (label: string, value: string): MatcherInit => ({ label, kind: MatchKind.EQUAL, value });
const faults = (body: ControlBody) => controlFaults(record(body)).map(({ field }) => field);

describe("the registry", () => {
  it("names the farm of the greatest version; of two records of one version the first counts", () => {
    const { book, membership } = new Written();
    assert.equal(book.memberships.of("n"), null);
    assert.equal(membership("n", "a", 2), "applied");
    assert.equal(membership("n", "b", 2), "stale");
    assert.equal(membership("n", "c", 1), "stale");
    assert.equal(membership("n", "d", 3), "applied");
    const { farm, version, place } = book.memberships.of("n")!;
    assert.deepEqual([farm, version, place.position, place.by], ["d", 3, 4, "test"]);
  });

  it("takes as many nodes as it may and refuses the next, while known ones still move", () => {
    const { book, membership } = new Written();
    for (let node = 0; node < MEMBERSHIPS_MAX; node++) membership(`n${node}`, "a", 1);
    assert.equal(book.outcomes.applied, MEMBERSHIPS_MAX);
    assert.equal(membership("one more", "a", 1), "over-limit");
    assert.equal(membership("n0", "b", 2), "applied");
  });
});

describe("sampling", () => {
  it("is that of the node, else that of its farm, else that of all, each rate by itself; 0 takes it back", () => {
    const { book, sampling } = new Written();
    const of = (node: string, farm: string) => Object.values(book.samplings.of(node, farm));
    assert.deepEqual(of("n", "f"), [null, null]);
    sampling("", "", 2, 2);
    sampling("f", "", 4, 0);
    sampling("", "n", 0, 8);
    assert.deepEqual(of("n", "f"), [4, 8]);
    assert.deepEqual(of("n", "g"), [2, 8]);
    assert.deepEqual(of("m", "f"), [4, 2]);
    assert.equal(sampling("", "n", 0, 0), "applied");
    assert.equal(sampling("", "n", 0, 0), "stale");
    assert.deepEqual(of("n", "f"), [4, 2]);
    const { pageKeepOneIn, runqKeepOneIn, place } = book.samplings.ofFarm("f")!;
    assert.deepEqual([pageKeepOneIn, runqKeepOneIn, place.position], [4, null, 2]);
  });

  it("is kept for as many scopes as may be and refused for the next", () => {
    const written = new Written();
    for (let node = 0; node < SAMPLINGS_MAX; node++) written.sampling("", `n${node}`, 2, 2);
    assert.equal(written.sampling("f", "", 2, 2), "over-limit");
    assert.equal(written.sampling("", "n1", 3, 3), "applied");
  });
});

describe("silences", () => {
  it("are in force from their start to before their end, and mute what all their matchers match", () => {
    const { book, silence } = new Written();
    silence("s", 10, 20, [equal("farm", "a"), { label: "node", kind: MatchKind.REGEX, value: "edge-[0-9]+" }]);
    const muting = (labels: Record<string, string>, atMs = 10) =>
      book.silences.muting(labels, atMs).map((known) => known.silence.id);
    assert.deepEqual(muting({ farm: "a", node: "edge-7" }), ["s"]);
    assert.deepEqual(muting({ farm: "a", node: "my-edge-7" }), [], "an expression matches whole values");
    assert.deepEqual(muting({ farm: "b", node: "edge-7" }), []);
    assert.deepEqual(
      [9, 10, 19, 20].map((atMs) => book.silences.at(atMs).length),
      [0, 1, 1, 0],
    );
  });

  it("take an absent label for the empty one, also where a value of that name is inherited", () => {
    const { book, silence } = new Written();
    silence("s", 0, 9, [equal("farm", "a"), { label: "constructor", kind: MatchKind.NOT_REGEX, value: ".+" }]);
    assert.equal(book.silences.muting({ farm: "a" }, 1).length, 1);
    assert.equal(book.silences.muting({ farm: "a", constructor: "x" } as never, 1).length, 0);
  });

  it("are replaced and ended by a later record of the same id", () => {
    const { book, silence } = new Written();
    silence("s", 0, 100);
    silence("s", 0, 50);
    assert.equal(book.silences.at(60).length, 0);
    assert.equal(book.silences.size, 1);
    assert.equal(book.silences.get("s")?.place.position, 2);
  });

  it("are kept until there are too many: then the one that ended first goes, and none that is in force", () => {
    const { book, silence } = new Written();
    for (let n = 0; n < SILENCES_MAX; n++) silence(`s${n}`, 0, n < 2 ? 20 - n : 1e9);
    assert.equal(silence("further", 0, 1e9), "applied");
    assert.equal(book.silences.get("s1"), null);
    assert.equal(silence("another", 0, 1e9), "applied");
    assert.equal(silence("refused", 0, 1e9), "over-limit");
    assert.equal(book.silences.size, SILENCES_MAX);
  });

  it("match in time that grows with the length alone, whatever the expression", () => {
    const { book, silence } = new Written();
    silence("s", 0, 9, [equal("farm", "a"), { label: "node", kind: MatchKind.REGEX, value: "(a+)+b" }]);
    assert.equal(book.silences.muting({ farm: "a", node: "a".repeat(100_000) }, 1).length, 0);
  });
});

describe("annotations", () => {
  it("are found when they touch a range, of every farm or of the one asked for", () => {
    const { book, annotation } = new Written();
    annotation("moment", 10);
    annotation("lasting", 5, { untilMs: 15n, farm: "a" });
    annotation("elsewhere", 12, { farm: "b", node: "n" });
    const ids = (fromMs: number, toMs: number, query: { farm?: string; node?: string } = {}) =>
      book.annotations.inRange({ fromMs, toMs, ...query }).map(({ annotation: { id } }) => id);
    assert.deepEqual(ids(0, 20), ["lasting", "moment", "elsewhere"]);
    assert.deepEqual(ids(0, 20, { farm: "a" }), ["lasting", "moment"]);
    assert.deepEqual(ids(0, 20, { farm: "b", node: "m" }), ["moment"]);
    assert.deepEqual(ids(15, 20), ["lasting"]);
    assert.deepEqual(ids(16, 20), []);
    assert.deepEqual(ids(0, 5), []);
  });

  it("keep their newest when there are too many, counted", () => {
    const { book, annotation } = new Written();
    for (let n = 1; n <= ANNOTATIONS_MAX; n++) annotation(`a${n}`, n);
    assert.deepEqual([book.annotations.size, book.annotations.forgotten], [ANNOTATIONS_MAX, 0]);
    assert.equal(annotation("older", 0), "over-limit");
    assert.equal(annotation("newer", 1e6), "applied");
    assert.deepEqual([book.annotations.size, book.annotations.forgotten], [ANNOTATIONS_MAX, 2]);
    assert.equal(book.annotations.get("a1"), null);
  });
});

describe("acknowledgements", () => {
  it("hold until they are taken back", () => {
    const { book, acknowledgement } = new Written();
    acknowledgement("i");
    assert.equal(book.acknowledgements.of("i")?.place.by, "test");
    assert.equal(acknowledgement("i", true), "applied");
    assert.equal(acknowledgement("i", true), "stale");
    assert.equal(book.acknowledgements.of("i"), null);
  });

  it("keep the newest when there are too many, counted", () => {
    const { book, acknowledgement } = new Written();
    for (let n = 0; n <= ACKNOWLEDGEMENTS_MAX; n++) acknowledgement(`i${n}`);
    assert.deepEqual([book.acknowledgements.size, book.acknowledgements.forgotten], [ACKNOWLEDGEMENTS_MAX, 1]);
    assert.equal(book.acknowledgements.of("i0"), null);
  });
});

describe("the control book", () => {
  it("keeps the newest rule set, and its place", () => {
    const written = new Written();
    assert.equal(new ControlBook().rules, null);
    const rules = (name: string) => ({ files: [{ name, text: "groups: []" }], sha256: new Uint8Array(32) });
    written.append({ case: "rules", value: rules("old.yaml") });
    written.append({ case: "rules", value: rules("new.yaml") });
    assert.equal(written.book.rules?.rules.files[0]?.name, "new.yaml");
    assert.equal(written.book.rules?.place.position, 2);
  });

  it("folds a record once, passes over requests, and refuses other versions and what breaks a limit, counting each", () => {
    const book = new ControlBook();
    const membership = record({ case: "membership", value: { node: "n", farm: "a", version: 1 } });
    const at = (position: number) => ({ position, appendedAtMs: 0 });
    assert.equal(book.apply(membership, at(1)), "applied");
    assert.equal(
      book.apply(record({ case: "membership", value: { node: "n", farm: "b", version: 2 } }), at(1)),
      "stale",
    );
    assert.equal(book.apply(record({ case: "focus", value: { node: "n", untilMs: 9n } }), at(2)), "passing");
    assert.equal(book.apply({ ...membership, version: 2 }, at(3)), "invalid");
    assert.equal(
      book.apply(record({ case: "membership", value: { node: "", farm: "a", version: 1 } }), at(4)),
      "invalid",
    );
    assert.deepEqual(book.outcomes, { applied: 1, stale: 1, "over-limit": 0, invalid: 2, passing: 1 });
    assert.equal(book.position, 4);
    assert.equal(book.memberships.of("n")?.farm, "a");
  });
});

describe("what may go into fs.control", () => {
  const long = "x".repeat(CONTROL_NAME_LENGTH_MAX);
  const silence = (matchers: MatcherInit[], startsMs = 0n, endsMs = 1n) =>
    faults({ case: "silence", value: { id: "s", startsMs, endsMs, matchers } });

  it("has names of 1 to 128 characters", () => {
    assert.deepEqual(faults({ case: "membership", value: { node: long, farm: long, version: 1 } }), []);
    assert.deepEqual(faults({ case: "membership", value: { node: `${long}x`, farm: "", version: 0 } }), [
      "node",
      "farm",
      "version",
    ]);
  });

  it("has texts and lists up to their limits", () => {
    const text = (length: number) => faults({ case: "annotation", value: { id: "a", text: "x".repeat(length) } });
    assert.deepEqual(
      [text(CONTROL_TEXT_LENGTH_MAX), text(CONTROL_TEXT_LENGTH_MAX + 1), text(0)],
      [[], ["text"], ["text"]],
    );
    const matchers = (count: number) => silence(Array.from({ length: count }, () => equal("farm", "a")));
    assert.deepEqual(
      [matchers(MATCHERS_MAX), matchers(MATCHERS_MAX + 1), matchers(0)].map((found) => found[0]),
      [undefined, "matchers", "matchers"],
    );
    const rules = (length: number) =>
      faults({
        case: "rules",
        value: { files: [{ name: "a", text: "x".repeat(length) }], sha256: new Uint8Array(32) },
      });
    assert.deepEqual([rules(RULE_TEXT_LENGTH_MAX), rules(RULE_TEXT_LENGTH_MAX + 1)], [[], ["files"]]);
    const naming = (quantiles: number[]) => faults({ case: "rules", value: { sha256: new Uint8Array(32), quantiles } });
    const many = Array.from({ length: RULE_QUANTILES_MAX }, () => 0.5);
    assert.deepEqual([naming(many), naming([...many, 0.5]), naming([1.1])], [[], ["quantiles"], ["quantiles"]]);
  });

  it("has no silence that ends before it starts, that mutes everything, or whose expression is none", () => {
    assert.deepEqual(silence([equal("farm", "a")], 2n, 1n), ["ends_ms"]);
    assert.deepEqual(silence([{ label: "farm", kind: MatchKind.REGEX, value: ".*" }]), ["matchers"]);
    assert.deepEqual(silence([{ label: "farm", kind: MatchKind.REGEX, value: "(" }]), ["matchers"]);
    assert.deepEqual(silence([equal("not a label", "a")]), ["matchers.label"]);
  });

  it("has no link but to the web, and no sampling for a node and a farm at once", () => {
    const url = (text: string) => faults({ case: "annotation", value: { id: "a", text: "t", url: text } });
    assert.deepEqual([url("https://ci/7"), url("javascript:alert(1)")], [[], ["url"]]);
    assert.deepEqual(faults({ case: "sampling", value: { farm: "f", node: "n", pageKeepOneIn: 65_537 } }), [
      "node",
      "page_keep_one_in",
    ]);
  });

  it("has a key by which the newest of a kind and subject is found", () => {
    const keys = [
      record({ case: "membership", value: { node: "n" } }),
      record({ case: "sampling", value: { farm: "f" } }),
      record({ case: "sampling", value: { node: "n" } }),
      record({ case: "rules", value: {} }),
      record({ case: "silence", value: { id: "s" } }),
    ].map(controlKey);
    assert.deepEqual(keys, ["membership/n", "sampling/farm/f", "sampling/node/n", "rules", "silence/s"]);
  });
});
