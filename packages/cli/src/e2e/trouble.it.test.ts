import assert from "node:assert/strict";
import { test } from "node:test";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { CliProcess, eventually, getJson } from "./harness.ts";

const skip = NatsServer.missing() ?? RedisServer.missing() ?? false;
const FLEET = ["--source", "synthetic", "--nodes", "4", "--rate", "1000", "--node-mib", "32"];

interface Ready {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ready: boolean; readonly detail: string }[];
}
interface Status {
  readonly balances: { readonly pages: { readonly in: number; readonly folded: number; readonly lost: number } };
}

const readyz = async (url: string): Promise<Ready> => (await (await fetch(`${url}/readyz`)).json()) as Ready;

test("servers that are away are said on /readyz and waited for, at the start and later, and nothing accepted is lost", {
  skip,
}, async () => {
  await using nats = await NatsServer.start();
  await using redis = await RedisServer.start();
  await redis.stop();
  await nats.stop();
  const env = { FARMSCOPE_NATS_URL: nats.url, FARMSCOPE_REDIS_URL: redis.url };
  await using serve = await CliProcess.start(["serve"], env);
  await using aggregate = await CliProcess.start(["aggregate"], env);
  await using emit = await CliProcess.start(["emit", ...FLEET], env);
  const away = await eventually(
    30_000,
    () => readyz(serve.url),
    (answer) => !answer.ready,
  );
  assert.ok(away.checks.some((check) => !check.ready && check.detail !== ""));

  await nats.start();
  await redis.start();
  await eventually(
    30_000,
    () => readyz(serve.url),
    (answer) => answer.ready,
  );
  const status = (): Promise<Status> => getJson(`${serve.url}/api/v1/status`);
  const first = await eventually(60_000, status, (answer) => answer.balances.pages.folded > 5_000);

  await nats.kill();
  await redis.kill();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await nats.start();
  await redis.start();
  await eventually(60_000, status, (answer) => answer.balances.pages.folded > first.balances.pages.folded + 10_000);
  assert.equal(await emit.stop(), 0);
  const last = await eventually(30_000, status, (answer) => answer.balances.pages.in === answer.balances.pages.folded);
  assert.equal(last.balances.pages.lost, 0);
  assert.equal(await aggregate.stop(), 0);
});

test("a second up on the same data refuses and names the first one's pid", { skip }, async () => {
  await using first = await CliProcess.start(["up", ...FLEET]);
  await eventually(
    60_000,
    () => readyz(first.url),
    (answer) => answer.ready,
  );
  // The refused one must leave the first one's mark: the next is refused as well.
  for (let attempt = 0; attempt < 2; attempt++) {
    const second = await CliProcess.start(["up", ...FLEET], {}, first);
    assert.equal(await second.ended(), 1);
    assert.match(second.output, new RegExp(`ALREADY_RUNNING[^]*${first.pid}`));
  }
  assert.equal(await first.stop(), 0, "SIGTERM drains everything and ends with 0");
});
