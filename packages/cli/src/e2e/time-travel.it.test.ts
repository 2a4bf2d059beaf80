import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "@farmscope/domain";
import type { NodeAnswer, PageMapAnswer } from "@farmscope/query-api";
import { SystemClock } from "@farmscope/runtime";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { CliProcess, getJson } from "./harness.ts";

const skip = NatsServer.missing() ?? RedisServer.missing() ?? false;
/** So many events a second that checkpoints of busy nodes are written within the test. */
const FLEET = ["--source", "synthetic", "--nodes", "3", "--rate", "20000", "--node-mib", "64"];
const CAPTURED_MS = 50_000;
const POSITIONS = 100;
const AT_MS_MAX = 1_000;
const SEED = 20_260_725;

interface Captured {
  readonly node: string;
  readonly map: PageMapAnswer;
  readonly view: NodeAnswer;
}

/** What of an answer is the same whenever it is asked for. */
const mapOf = ({ runs, frames, zones }: PageMapAnswer) => ({ runs, frames, zones });
const viewOf = ({ latency, zones, orders, pageCounters, balances }: NodeAnswer) => ({
  latency,
  zones,
  orders,
  pageCounters,
  pages: balances.pages.folded,
});

test("page map and quantiles at 100 random past positions are those that were captured live there", {
  skip,
}, async (context) => {
  await using nats = await NatsServer.start();
  await using redis = await RedisServer.start();
  const env = { FARMSCOPE_NATS_URL: nats.url, FARMSCOPE_REDIS_URL: redis.url };
  await using serve = await CliProcess.start(["serve"], env);
  await using _aggregate = await CliProcess.start(["aggregate"], env);
  await using emitter = await CliProcess.start(["emit", ...FLEET], env);
  const clock = new SystemClock();
  const captured = await capture(serve.url, clock);
  assert.equal(await emitter.stop(), 0);
  assert.ok(captured.length >= POSITIONS, `${captured.length} captures`);

  const random = new Random(SEED);
  const tookMs: number[] = [];
  const timed = async <T>(url: string): Promise<T> => {
    const beganMs = clock.monotonicMs();
    const answer = await getJson<T>(url);
    tookMs.push(clock.monotonicMs() - beganMs);
    return answer;
  };
  for (let asked = 0; asked < POSITIONS; asked++) {
    const { node, map, view } = captured[random.nextInt(captured.length)]!;
    const base = `${serve.url}/api/v1/nodes/${node}`;
    const pastMap = await timed<PageMapAnswer>(`${base}/pages?at=@${map.position}`);
    const pastView = await timed<NodeAnswer>(`${base}?at=@${view.position}`);
    assert.deepEqual([pastMap.basis, pastMap.position, pastView.position], ["log", map.position, view.position]);
    assert.deepEqual(mapOf(pastMap), mapOf(map), `the map of ${node} at ${map.position}, seed ${SEED}`);
    assert.deepEqual(viewOf(pastView), viewOf(view), `${node} at ${view.position}, seed ${SEED}`);
  }
  tookMs.sort((a, b) => a - b);
  const [middle, most] = [tookMs[Math.floor(tookMs.length / 2)]!, tookMs.at(-1)!];
  context.diagnostic(`${tookMs.length} answers: median ${middle.toFixed(0)} ms, slowest ${most.toFixed(0)} ms`);
  assert.ok(middle < AT_MS_MAX, `median ${middle} ms`);
});

/** Live answers, as often as they can be had, each with the position that it stands for. */
async function capture(url: string, clock: SystemClock): Promise<Captured[]> {
  const captured: Captured[] = [];
  const seen = new Set<string>();
  const endMs = clock.monotonicMs() + CAPTURED_MS;
  while (clock.monotonicMs() < endMs) {
    const { nodes } = await getJson<{ nodes: { node: string }[] }>(`${url}/api/v1/nodes`).catch(() => ({ nodes: [] }));
    for (const { node } of nodes) {
      const base = `${url}/api/v1/nodes/${node}`;
      const map = await getJson<PageMapAnswer>(`${base}/pages`).catch(() => null);
      const view = await getJson<NodeAnswer>(base).catch(() => null);
      if (map === null || view === null || seen.has(`${node}/${map.position}`)) continue;
      seen.add(`${node}/${map.position}`);
      captured.push({ node, map, view });
    }
    await clock.sleep(200);
  }
  return captured;
}
