import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { CliProcess, eventually, getJson } from "./harness.ts";

const skip = NatsServer.missing() ?? RedisServer.missing() ?? false;
const FLEET = ["--source", "synthetic", "--nodes", "8", "--rate", "1000", "--node-mib", "32"];

interface Status {
  readonly partitions: readonly {
    readonly owner: string | null;
    readonly lag: number | null;
    readonly position: number;
  }[];
  readonly balances: { readonly pages: { readonly in: number; readonly lost: number; readonly folded: number } };
}

test("every service runs as its own process against external servers, and aggregators share and take over", {
  skip,
}, async () => {
  await using nats = await NatsServer.start();
  await using redis = await RedisServer.start();
  const env = { FARMSCOPE_NATS_URL: nats.url, FARMSCOPE_REDIS_URL: redis.url };
  await using serve = await CliProcess.start(["serve"], env);
  await using first = await CliProcess.start(["aggregate"], { ...env, FARMSCOPE_REPLICA_ID: "first" });
  await using second = await CliProcess.start(["aggregate"], { ...env, FARMSCOPE_REPLICA_ID: "second" });
  await using emitter = await CliProcess.start(["emit", ...FLEET], env);
  const status = (): Promise<Status> => getJson(`${serve.url}/api/v1/status`);
  const ownersOf = (answer: Status): Set<string | null> => new Set(answer.partitions.map((line) => line.owner));

  const shared = await eventually(60_000, status, (answer) => {
    const owners = ownersOf(answer);
    return owners.has("first") && owners.has("second") && !owners.has(null) && answer.balances.pages.folded > 20_000;
  });
  assert.equal(shared.partitions.filter((line) => line.owner === "first").length, 2, "four partitions, two each");

  await second.kill();
  const before = shared.balances.pages.folded;
  const taken = await eventually(60_000, status, (answer) => {
    const owners = ownersOf(answer);
    return owners.size === 1 && owners.has("first") && answer.balances.pages.folded > before + 20_000;
  });
  assert.equal(taken.balances.pages.lost, 0);
  assert.equal(await emitter.stop(), 0, "the emitter drains and ends with 0");
  await eventually(20_000, status, (answer) => answer.balances.pages.in === answer.balances.pages.folded);
  assert.equal(await first.stop(), 0, "the aggregator commits and ends with 0");
  assert.equal(await serve.stop(), 0, "the query API ends with 0");
});

test("a rule that holds raises one alert at the webhook, signed and with an idempotency key", { skip }, async () => {
  const received: { headers: IncomingMessage["headers"]; body: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  const rulesDir = new URL("./rules", import.meta.url).pathname;
  try {
    await using up = await CliProcess.start(["up", ...FLEET, "--for", "45", "--json"], {
      FARMSCOPE_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
      FARMSCOPE_WEBHOOK_SECRET: "s3cret",
      FARMSCOPE_RULES_DIR: rulesDir,
    });
    await eventually(
      60_000,
      async () => received.length,
      (count) => count > 0,
    );
    const summary = await up.summary();
    assert.ok(summary.alerts >= 1);
    assert.equal(summary.events.lost, 0);
    assert.equal(received.length, 1, "an alert that goes on is sent once");
    const [{ headers, body }] = received as [(typeof received)[number]];
    assert.match(body, /AlwaysSome/);
    assert.ok(Object.keys(headers).some((name) => name.includes("idempotency")));
    assert.ok(Object.keys(headers).some((name) => name.includes("signature")));
    assert.doesNotMatch(up.output, /s3cret/, "the secret is printed nowhere");
  } finally {
    receiver.close();
  }
});
