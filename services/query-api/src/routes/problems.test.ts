import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import Value from "typebox/value";
import { FARM, fill, installation, START_MS } from "../fixtures.ts";
import { REQUESTS_MAX } from "../limits.ts";
import { Problem } from "../schemas/index.ts";
import { isLoopback } from "../stages/authorize.ts";

async function problem(
  url: string,
  options: { headers?: Record<string, string>; remoteAddress?: string } = {},
  there = installation(),
) {
  await fill(there.store);
  const response = await (await there.api.app()).inject({ url, ...options });
  assert.match(response.headers["content-type"] as string, /^application\/problem\+json/, response.body);
  const document = response.json() as Problem;
  assert.deepEqual([...Value.Errors(Problem, document)], []);
  assert.equal(document.status, response.statusCode);
  return document;
}

describe("problem documents", () => {
  const cases: readonly [string, number, string, RegExp][] = [
    ["/api/v1/nothing", 404, "NOT_FOUND", /no GET \/api\/v1\/nothing/],
    ["/api/v1/nodes/none", 404, "NOT_FOUND", /no node "none"/],
    ["/api/v1/nodes/none/latency", 404, "NOT_FOUND", /no node "none"/],
    ["/api/v1/nodes/none/fragmentation", 404, "NOT_FOUND", /no node/],
    ["/api/v1/nodes/none/free-blocks", 404, "NOT_FOUND", /no node/],
    ["/api/v1/farms/none", 404, "NOT_FOUND", /no farm "none"/],
    ["/api/v1/farms/none/latency", 404, "NOT_FOUND", /no farm/],
    ["/api/v1/farms/none/fragmentation", 404, "NOT_FOUND", /no farm/],
    ["/api/v1/farms?colour=red", 400, "REQUEST_INVALID", /colour: is not a parameter/],
    ["/livez?verbose=1", 400, "REQUEST_INVALID", /verbose: is not a parameter/],
    ["/api/v1/nodes?limit=0", 400, "REQUEST_INVALID", /limit/],
    ["/api/v1/nodes?limit=5001", 400, "REQUEST_INVALID", /limit/],
    ["/api/v1/nodes?limit=many", 400, "REQUEST_INVALID", /limit/],
    [`/api/v1/farms/${FARM}/latency?from=yesterday`, 400, "REQUEST_INVALID", /from/],
    [`/api/v1/farms/${FARM}/latency?from=2026-13-01T00:00:00Z`, 400, "REQUEST_INVALID", /from: is not understood/],
    [`/api/v1/farms/${FARM}/latency?from=2000&to=1000`, 400, "REQUEST_INVALID", /from: must be before/],
    [`/api/v1/farms/${FARM}/latency?step=15s`, 400, "REQUEST_INVALID", /step: must be a multiple of 10000 ms/],
    [`/api/v1/farms/${FARM}/latency?quantiles=0.5,1.5`, 400, "REQUEST_INVALID", /quantiles/],
    [`/api/v1/farms/${FARM}/latency?signal=noise`, 400, "REQUEST_INVALID", /signal/],
    [`/api/v1/farms/${FARM}/fragmentation?order=16`, 400, "REQUEST_INVALID", /order: must be below 16/],
    [
      `/api/v1/farms/${FARM}/fragmentation?from=0&to=${START_MS}&step=10s`,
      422,
      "QUERY_TOO_LARGE",
      /points; at most 2000/,
    ],
    [
      `/api/v1/farms/${FARM}/fragmentation?zone=Normal&from=0&to=${START_MS}`,
      422,
      "QUERY_TOO_LARGE",
      /windows of 2 nodes/,
    ],
    ["/api/v1/live?events=node,quake", 400, "REQUEST_INVALID", /events/],
    ["/api/v1/alerts?limit=1001", 400, "REQUEST_INVALID", /limit/],
    ["/%zz", 400, "REQUEST_INVALID", /request/],
  ];
  for (const [url, status, code, detail] of cases) {
    it(`answers ${url} by ${status} ${code}`, async () => {
      const document = await problem(url);
      assert.deepEqual([document.status, document.code], [status, code]);
      assert.match(document.detail, detail);
    });
  }

  it("names every fault of a request at once", async () => {
    const { errors } = await problem("/api/v1/nodes?limit=0&colour=red&farm=");
    assert.deepEqual(errors?.map((fault) => fault.field).sort(), ["colour", "farm", "limit"]);
  });

  it("says that the store is away and that asking again may help", async () => {
    const there = installation();
    await fill(there.store);
    there.store.goAway();
    const response = await (await there.api.app()).inject("/api/v1/farms");
    assert.deepEqual(
      [response.statusCode, response.json().code, response.headers["retry-after"]],
      [503, "STORE_UNAVAILABLE", "1"],
    );
  });

  it("keeps the text of unforeseen errors inside", async () => {
    const there = installation();
    there.store.list = () => Promise.reject(new Error("secret path"));
    const document = await problem("/api/v1/nodes", {}, there).catch((error: Error) => error);
    assert.ok(!(document instanceof Error), String(document));
    assert.deepEqual([document.status, document.code], [500, "INTERNAL"]);
    assert.doesNotMatch(JSON.stringify(document), /secret/);
  });
});

describe("names", () => {
  it("may hold any character, percent-encoded", async () => {
    const document = await problem(`/api/v1/nodes/${encodeURIComponent("a/b {c} ü?")}`);
    assert.match(document.detail, /no node "a\/b \{c\} ü\?"/);
    assert.equal((await problem(`/api/v1/nodes/${"ü".repeat(128)}`)).status, 404);
    assert.equal((await problem(`/api/v1/nodes/${"u".repeat(129)}`)).status, 400);
  });
});

describe("admission", () => {
  it("refuses what is over the limit while the others are served, and admits again afterwards", async () => {
    const there = installation();
    await fill(there.store);
    const app = await there.api.app();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { list } = there.store;
    there.store.list = async (index) => {
      await held;
      return list.call(there.store, index);
    };
    const waiting = Array.from({ length: REQUESTS_MAX }, () => app.inject("/api/v1/farms"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const over = await app.inject("/livez");
    assert.deepEqual([over.statusCode, over.json().code, over.headers["retry-after"]], [503, "OVERLOADED", "1"]);
    release();
    assert.ok((await Promise.all(waiting)).every((response) => response.statusCode === 200));
    assert.equal((await app.inject("/livez")).statusCode, 200);
    const { requests } = (await app.inject("/api/v1/status")).json();
    assert.deepEqual(requests[0], {
      name: "requests",
      in: REQUESTS_MAX + 3,
      out: REQUESTS_MAX + 1,
      dropped: 1,
      held: 1,
    });
  });
});

describe("authorization", () => {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-tokens-"));
  after(() => rmSync(directory, { recursive: true }));
  const tokensFile = join(directory, "tokens.json");
  writeFileSync(tokensFile, JSON.stringify({ tokens: [{ name: "grafana", role: "read", token: "0123456789abcdef" }] }));

  it("lets only this machine in without a tokens file", async () => {
    const document = await problem("/api/v1/farms", { remoteAddress: "192.0.2.7" });
    assert.deepEqual([document.status, document.code], [401, "UNAUTHENTICATED"]);
    const there = installation();
    const app = await there.api.app();
    assert.equal((await app.inject({ url: "/api/v1/farms", remoteAddress: "::1" })).statusCode, 200);
    assert.equal((await app.inject({ url: "/livez", remoteAddress: "192.0.2.7" })).statusCode, 200);
  });

  it("asks everybody for a token with a tokens file", async () => {
    const there = installation({ tokensFile });
    const app = await there.api.app();
    const get = (authorization?: string) =>
      app.inject({
        url: "/api/v1/farms",
        remoteAddress: "192.0.2.7",
        headers: authorization === undefined ? {} : { authorization },
      });
    assert.equal((await get("Bearer 0123456789abcdef")).statusCode, 200);
    const none = await get();
    assert.deepEqual([none.statusCode, none.headers["www-authenticate"]], [401, "Bearer"]);
    assert.equal((await get("Bearer 0123456789abcdeX")).statusCode, 401);
    assert.equal((await get("Basic 0123456789abcdef")).statusCode, 401);
  });

  it("refuses to start with a tokens file that is wrong", async () => {
    writeFileSync(
      join(directory, "bad.json"),
      JSON.stringify({ tokens: [{ name: "x", role: "admin", token: "short" }] }),
    );
    for (const name of ["bad.json", "missing.json"]) {
      await assert.rejects(installation({ tokensFile: join(directory, name) }).api.app(), { code: "CONFIG_INVALID" });
    }
  });

  it("knows loopback addresses", () => {
    assert.deepEqual(
      ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "192.0.2.1", "127.example", "", "::ffff:192.0.2.1"].map(
        isLoopback,
      ),
      [true, true, true, true, false, false, false, false],
    );
  });
});
