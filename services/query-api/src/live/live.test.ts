import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import Value from "typebox/value";
import { commitFarm, commitNode, farmWindow, fill, type Installation, installation, START_MS } from "../fixtures.ts";
import { LIVE_CLIENT_BYTES_MAX, LIVE_EVENTS_KEPT } from "../limits.ts";
import { type LiveEventName, liveEvents } from "../schemas/index.ts";
import { LiveHub, type LiveSink } from "./live-hub.ts";

/** What the tests look at of an event's data. */
interface Data {
  readonly n?: number;
  readonly reason?: string;
  readonly revision?: number;
  readonly nodes?: readonly { readonly node: string; readonly farm: string; readonly position?: number }[];
}

interface Received {
  readonly name: LiveEventName;
  readonly id: string;
  readonly data: Data;
}

/** A client in memory. */
class Client implements LiveSink {
  text = "";
  waitingBytes = 0;
  isEnded = false;

  write(text: string): void {
    this.text += text;
  }

  end(): void {
    this.isEnded = true;
  }

  get events(): Received[] {
    return parse(this.text);
  }
}

function parse(text: string): Received[] {
  return text
    .split("\n\n")
    .map((frame) => /^event: (\w+)\nid: (\S+)\ndata: (.*)$/.exec(frame))
    .filter((match) => match !== null)
    .map(([, name, id, data]) => ({ name: name as LiveEventName, id: id!, data: JSON.parse(data!) as Data }));
}

const ALL = { events: null, farm: null, node: null };
const names = (client: Client): string[] => client.events.map((event) => event.name);

describe("the live hub", () => {
  it("hands events to every client in order with growing ids", () => {
    const hub = new LiveHub("x");
    const [one, two] = [new Client(), new Client()];
    hub.add(one, ALL, null, {});
    hub.publish("farm", { n: 1 });
    hub.add(two, ALL, null, {});
    hub.publish("window", { n: 2 });
    assert.deepEqual(
      one.events.map(({ id, data }) => [id, data.n]),
      [
        ["x.1", 1],
        ["x.2", 2],
      ],
    );
    assert.deepEqual(
      two.events.map(({ id }) => id),
      ["x.2"],
    );
  });

  it("gives a client that comes back exactly what it missed", () => {
    const hub = new LiveHub("x");
    for (let n = 1; n <= 5; n++) hub.publish("farm", { n });
    const client = new Client();
    hub.add(client, ALL, "x.3", {});
    hub.publish("farm", { n: 6 });
    assert.deepEqual(
      client.events.map(({ data }) => data.n),
      [4, 5, 6],
    );
    const upToDate = new Client();
    hub.add(upToDate, ALL, "x.6", {});
    assert.deepEqual(upToDate.events, []);
  });

  it("tells a client to start anew when what it missed is gone or from another life", () => {
    const hub = new LiveHub("x");
    for (let n = 0; n < LIVE_EVENTS_KEPT + 2; n++) hub.publish("farm", { n });
    for (const id of ["x.1", "y.3", "nonsense", "x.99999"]) {
      const client = new Client();
      hub.add(client, { ...ALL, events: new Set(["alert"]) }, id, { reason: "gone" });
      assert.deepEqual(
        client.events.map(({ name, data }) => [name, data.reason]),
        [["reset", "gone"]],
        id,
      );
    }
    const last = new Client();
    hub.add(last, ALL, "x.2", {});
    assert.equal(last.events.length, LIVE_EVENTS_KEPT);
  });

  it("filters by kind, farm and node", () => {
    const hub = new LiveHub("x");
    const [kinds, farm, node] = [new Client(), new Client(), new Client()];
    hub.add(kinds, { ...ALL, events: new Set(["alert"]) }, null, {});
    hub.add(farm, { ...ALL, farm: "f" }, null, {});
    hub.add(node, { ...ALL, node: "b" }, null, {});
    hub.publish("node", {
      nodes: [
        { node: "a", farm: "f" },
        { node: "b", farm: "g" },
      ],
    });
    hub.publish("farm", {}, "f");
    hub.publish("farm", {}, "g");
    hub.publish("alert", {}, "f");
    assert.deepEqual(names(kinds), ["alert"]);
    assert.deepEqual(names(farm), ["node", "farm", "alert"]);
    assert.deepEqual(farm.events[0]?.data.nodes, [{ node: "a", farm: "f" }]);
    assert.deepEqual(node.events[0]?.data.nodes, [{ node: "b", farm: "g" }]);
  });

  it("cuts off the client that does not read, at the bound and not before, and no other", () => {
    const hub = new LiveHub("x");
    const [slow, quick] = [new Client(), new Client()];
    hub.add(slow, ALL, null, {});
    hub.add(quick, ALL, null, {});
    hub.publish("farm", { n: 1 });
    slow.waitingBytes = LIVE_CLIENT_BYTES_MAX - 200;
    hub.publish("farm", { n: 2 });
    assert.equal(slow.isEnded, false);
    slow.waitingBytes = LIVE_CLIENT_BYTES_MAX;
    hub.publish("farm", { n: 3 });
    hub.publish("farm", { n: 4 });
    assert.deepEqual([slow.isEnded, slow.events.length, quick.events.length], [true, 2, 4]);
    assert.deepEqual([hub.clients, hub.cutOff], [1, 1]);
    const { in: offered, out, dropped } = hub.counter;
    assert.deepEqual([offered, out, dropped], [7, 6, 1]);
  });
});

describe("live events", () => {
  it("follow commits: changed nodes, closed windows, farms, each in its declared shape", async () => {
    const there = installation();
    await fill(there.store);
    const stop = await there.api.followCommits();
    const client = new Client();
    there.api.context.live.add(client, ALL, null, {});
    await commitNode(there.store, "a", 8);
    await commitFarm(there.store, farmWindow(START_MS + 30_000, ["a", "b"]));
    await there.api.flushLive();
    assert.deepEqual(names(client).sort(), ["farm", "node", "window"]);
    assert.ok(names(client).indexOf("window") < names(client).indexOf("farm"));
    for (const { name, data } of client.events) assert.deepEqual([...Value.Errors(liveEvents[name], data)], [], name);
    const told = client.events.length;
    await commitNode(there.store, "a", 8);
    await commitFarm(there.store, farmWindow(START_MS + 30_000, ["a", "b"]));
    await there.api.flushLive();
    assert.equal(client.events.length, told, "what did not change is not told again");
    await commitNode(there.store, "a", 9);
    await commitFarm(there.store, farmWindow(START_MS + 30_000, ["a", "b"], 1));
    await there.api.flushLive();
    const rest = client.events.slice(told);
    assert.deepEqual(
      rest.find(({ name }) => name === "node")?.data.nodes?.map((line) => [line.node, line.position]),
      [["a", 9]],
    );
    assert.equal(rest.find(({ name }) => name === "window")?.data.revision, 1);
    await stop();
  });

  it("wait while the store is away and come when it is back", async () => {
    const there = installation();
    await fill(there.store);
    const stop = await there.api.followCommits();
    const client = new Client();
    there.api.context.live.add(client, ALL, null, {});
    await commitNode(there.store, "a", 8);
    there.store.goAway();
    await there.api.flushLive();
    assert.deepEqual(client.events, []);
    there.store.comeBack();
    await there.api.flushLive();
    assert.deepEqual(names(client), ["node"]);
    await stop();
  });
});

describe("the event stream over HTTP", () => {
  async function serving(work: (there: Installation, address: string, ticking: () => Promise<void>) => Promise<void>) {
    const there = installation();
    await fill(there.store);
    const controller = new AbortController();
    const address = await there.api.start();
    const running = there.api.run(controller.signal);
    const ticking = async (): Promise<void> => {
      await there.clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    try {
      await work(there, address, ticking);
    } finally {
      controller.abort();
      await running;
    }
  }

  it("sends events as they happen and ends when the service stops", () =>
    serving(async (there, address, ticking) => {
      const response = await fetch(`${address}/api/v1/live?events=node&node=a`);
      assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
      await commitNode(there.store, "a", 12);
      let text = "";
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      const reading = (async () => {
        while (!text.includes("event: node")) text += (await reader.read()).value ?? "";
      })();
      let isDone = false;
      void reading.then(() => {
        isDone = true;
      });
      while (!isDone) await ticking();
      assert.match(text, /^retry: \d+\n\n/);
      assert.deepEqual(
        parse(text)[0]?.data.nodes?.map((line) => line.node),
        ["a"],
      );
      assert.equal(there.api.context.live.clients, 1);
      await reader.cancel();
      while (there.api.context.live.clients > 0) await ticking();
    }));

  it("hangs up on a client that stops reading", () =>
    serving(async (there, address, ticking) => {
      const { hostname, port } = new URL(address);
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
      socket.pause();
      while (there.api.context.live.clients === 0) await ticking();
      const large = "x".repeat(256 * 1024);
      for (let n = 0; n < 200 && there.api.context.live.clients > 0; n++) {
        there.api.context.live.publish("farm", { large });
        await ticking();
      }
      assert.deepEqual([there.api.context.live.clients, there.api.context.live.cutOff], [0, 1]);
      socket.destroy();
    }));
});
