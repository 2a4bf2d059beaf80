import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PageMapRun, PageState } from "@farmscope/domain";
import { ControlRecordSchema, fromBinary } from "@farmscope/proto";
import { decode } from "fast-png";
import Value from "typebox/value";
import { commitNode, commitPageMap, fill, type Installation, installation, START_MS } from "../fixtures.ts";
import { legendOf } from "../page-map/palette.ts";
import { PageMapAnswer } from "../schemas/index.ts";

/** 64 frames: 16 unknown, a free block of 16, 8 single allocated pages, 4 per-CPU, 4 allocated as one block, 16 free. */
const RUNS: readonly PageMapRun[] = [
  { first: 0, count: 16, state: PageState.Unknown, order: 0 },
  { first: 16, count: 16, state: PageState.Free, order: 4 },
  { first: 32, count: 8, state: PageState.Allocated, order: 0 },
  { first: 40, count: 4, state: PageState.PerCpu, order: 0 },
  { first: 44, count: 4, state: PageState.Allocated, order: 2 },
  { first: 48, count: 16, state: PageState.Free, order: 0 },
];

async function withMap(): Promise<Installation> {
  const there = installation();
  await fill(there.store);
  await commitPageMap(there.store, "a", RUNS);
  return there;
}

async function get({ api }: Installation, query: string, accept = "application/json") {
  return (await api.app()).inject({ url: `/api/v1/nodes/a/pages${query}`, headers: { accept } });
}

/** The picture as "#rrggbb" by pixel. */
async function picture(
  there: Installation,
  query: string,
): Promise<{ width: number; height: number; colours: string[] }> {
  const response = await get(there, query, "image/png");
  assert.equal(response.statusCode, 200, response.body);
  assert.equal(response.headers["content-type"], "image/png");
  const { width, height, data, palette } = decode(response.rawPayload);
  const hex = (index: number) =>
    `#${palette!
      [index]!.slice(0, 3)
      .map((value) => value.toString(16).padStart(2, "0"))
      .join("")}`;
  return { width, height, colours: [...data].map(hex) };
}

const colour = (state: string, order: number | null = null): string =>
  legendOf(10).find((entry) => entry.state === state && entry.order === order)!.colour;

describe("the page map as JSON", () => {
  it("gives the runs as columns with zones, states and legend", async () => {
    const response = await get(await withMap(), "");
    const answer = response.json() as PageMapAnswer;
    assert.deepEqual([...Value.Errors(PageMapAnswer, answer)], []);
    assert.deepEqual([answer.frames, answer.first, answer.count, answer.next], [64, 0, 64, null]);
    const { runs, states } = answer;
    const read = runs.first.map((first, i) => ({
      first,
      count: runs.count[i],
      state: runs.state[i],
      order: runs.order[i],
    }));
    assert.deepEqual(read, RUNS);
    assert.deepEqual(
      runs.state.map((state) => states[state]),
      ["unknown", "free", "allocated", "pcp", "allocated", "free"],
    );
    assert.deepEqual(answer.zones[1], { zone: "Normal", numaNode: 0, first: 16, count: 48, initialised: 48 });
    assert.equal(answer.at, new Date(START_MS + 50_000).toISOString());
  });

  it("cuts runs at the ends of what was asked for", async () => {
    const there = await withMap();
    const { runs } = (await get(there, "?first=20&count=20")).json() as PageMapAnswer;
    assert.deepEqual(
      [runs.first, runs.count],
      [
        [20, 32],
        [12, 8],
      ],
    );
    const zone = (await get(there, "?zone=Normal&count=4")).json() as PageMapAnswer;
    assert.deepEqual([zone.first, zone.count, zone.runs.first], [16, 4, [16]]);
  });

  it("refuses spans without frames, unknown zones and parameters of pictures", async () => {
    const there = await withMap();
    assert.equal((await get(there, "?first=64")).statusCode, 400);
    assert.equal((await get(there, "?zone=Movable")).statusCode, 404);
    assert.match((await get(there, "?scale=2")).json().detail, /scale: applies to pictures only/);
    assert.equal((await get(there, "", "text/html")).statusCode, 406);
    assert.equal((await get(there, "", "text/html, */*")).statusCode, 200);
  });
});

describe("the page map as a picture", () => {
  it("paints one pixel a frame in the colours of the legend", async () => {
    const { width, height, colours } = await picture(await withMap(), "?scale=0&width=16");
    assert.deepEqual([width, height], [16, 4]);
    const expected = RUNS.flatMap(({ count, state, order }) => {
      const name = ["unknown", "free", "allocated", "pcp"][state]!;
      return Array.from({ length: count }, () => colour(name, name === "free" ? order : null));
    });
    assert.deepEqual(colours, expected);
  });

  it("shows a pixel of several states in the largest one's hue, greyer, and never in a pure colour", async () => {
    const there = await withMap();
    const { colours } = await picture(there, "?first=32&count=16&scale=4");
    assert.equal(colours.length, 1);
    const pure = legendOf(10).map((entry) => entry.colour);
    assert.ok(!pure.includes(colours[0]!));
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colours[0]!.slice(at, at + 2), 16)) as [
      number,
      number,
      number,
    ];
    assert.ok(red > green && green > blue, "12 of 16 frames are allocated: reddish");
    const clean = await picture(there, "?first=16&count=16&scale=4");
    assert.deepEqual(clean.colours, [colour("free", 4)]);
  });

  it("paints the same whether a pixel is one run or many", async () => {
    const there = await withMap();
    const { colours } = await picture(there, "?scale=2&width=16");
    assert.deepEqual(colours, [
      ...Array.from({ length: 4 }, () => colour("unknown")),
      ...Array.from({ length: 4 }, () => colour("free", 4)),
      ...Array.from({ length: 2 }, () => colour("allocated")),
      colour("pcp"),
      colour("allocated"),
      ...Array.from({ length: 4 }, () => colour("free", 0)),
    ]);
  });

  it("leaves pixels behind the last frame unknown", async () => {
    const { width, height, colours } = await picture(await withMap(), "?first=48&count=16&width=16&scale=0");
    assert.deepEqual([width, height, colours.length], [16, 1, 16]);
    const odd = await picture(await withMap(), "?first=46&count=18&width=16&scale=0");
    assert.deepEqual([odd.height, odd.colours.at(-1)], [2, colour("unknown")]);
  });

  it("refuses more pixels than are painted, and paints as many as are allowed", async () => {
    const there = await withMap();
    const frames = 2 ** 22;
    await commitPageMap(there.store, "a", [{ first: 0, count: frames, state: PageState.Free, order: 10 }]);
    const most = await get(there, "?scale=0&width=4096", "image/png");
    assert.equal(most.statusCode, 200);
    await commitPageMap(there.store, "a", [{ first: 0, count: frames + 1024, state: PageState.Free, order: 10 }]);
    const over = await get(there, "?scale=0&width=4096", "image/png");
    assert.deepEqual([over.statusCode, over.json().code], [422, "QUERY_TOO_LARGE"]);
    const fitted = await get(there, "", "image/png");
    assert.deepEqual([fitted.statusCode, fitted.headers["x-farmscope-scale"]], [200, "3"]);
  });
});

describe("focus", () => {
  it("asks for a map that is not there and answers when the owner has written it", async () => {
    const there = installation();
    await fill(there.store);
    const stop = await there.api.followCommits();
    const answer = get(there, "");
    const reader = await there.log.read({ kind: "control" }, { from: 1 });
    let records = await reader.next(10, 0);
    while (records.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      records = await reader.next(10, 0);
    }
    const { body } = fromBinary(ControlRecordSchema, records[0]!.payload);
    assert.equal(body.case, "focus");
    assert.deepEqual(body.case === "focus" && [body.value.node, Number(body.value.untilMs) > there.clock.nowMs()], [
      "a",
      true,
    ]);
    await commitPageMap(there.store, "a", RUNS);
    assert.equal((await answer).statusCode, 200);
    await get(there, "");
    assert.equal((await there.log.positions({ kind: "control" })).last, 1, "it stays in focus: not asked for again");
    await there.clock.advance(40_000);
    await get(there, "");
    assert.equal((await there.log.positions({ kind: "control" })).last, 2);
    await stop();
  });

  it("says after 3 s that no map came, and gives a stale one rather than none", async () => {
    const there = installation();
    await fill(there.store);
    const app = await there.api.app();
    const waiting = async (url: string) => {
      const answer = app.inject(url);
      let done = false;
      void answer.then(() => {
        done = true;
      });
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve));
        await there.clock.advance(100);
      }
      return answer;
    };
    const none = await waiting("/api/v1/nodes/a/pages");
    assert.deepEqual([none.statusCode, none.json().code, none.headers["retry-after"]], [503, "VIEW_NOT_READY", "1"]);
    await commitPageMap(there.store, "a", RUNS, 1);
    await commitNode(there.store, "a", 9);
    const fresh = await waiting("/api/v1/nodes/a/pages");
    assert.deepEqual([fresh.statusCode, fresh.json().position], [200, 1]);
  });

  it("knows that a node without a view has no map", async () => {
    const there = installation();
    const response = await get(there, "");
    assert.deepEqual([response.statusCode, response.json().code], [404, "NOT_FOUND"]);
    assert.equal((await there.log.positions({ kind: "control" })).last, 0);
  });
});
