import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { LocalServer } from "./local-server.ts";
import { answers, freePort } from "./loopback.ts";
import { NatsServer } from "./nats.ts";
import { RedisServer } from "./redis.ts";

/** Sends one line to a Redis and returns its answer. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("error", reject);
    socket.once("data", (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk.toString());
    });
  });
}

const kinds: [string, () => string | null, () => LocalServer, string][] = [
  ["nats-server", () => NatsServer.missing(), () => new NatsServer(), "INFO "],
  ["redis-server", () => RedisServer.missing(), () => new RedisServer(), "+PONG"],
];

for (const [name, missing, make, answer] of kinds) {
  const reason = missing();
  describe(name, { skip: reason ?? false }, () => {
    test("It starts on a free port, stops, and restarts on the same port.", async () => {
      await using server = make();
      await server.start();
      assert.match(server.version, /^\d+\.\d+\.\d+$/);
      assert.ok(await answers(server.port, "PING\r\n", answer));
      const port = server.port;
      await server.stop();
      assert.equal(await answers(port, "PING\r\n", answer), false);
      await server.restart();
      assert.equal(server.port, port);
      assert.ok(await answers(port, "PING\r\n", answer));
    });

    test("A killed one can be started again.", async () => {
      await using server = make();
      await server.start();
      const status = await server.kill();
      assert.equal(status?.signal, "SIGKILL");
      await server.start();
      assert.ok(await answers(server.port, "PING\r\n", answer));
    });

    test("Its temporary directory goes with it.", async () => {
      const server = make();
      await server.start();
      assert.ok(existsSync(server.dataDir));
      await server[Symbol.asyncDispose]();
      assert.equal(existsSync(server.dataDir), false);
      assert.equal(server.state, "stopped");
    });
  });
}

describe("What stays", { skip: RedisServer.missing() ?? false }, () => {
  test("Redis keeps what was written, in a directory of ours that is not removed.", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "farmscope-kept-"));
    const server = await RedisServer.start({ dataDir });
    assert.equal(await ask(server.port, "SET a 1"), "+OK\r\n");
    await server.restart();
    assert.equal(await ask(server.port, "GET a"), "$1\r\n1\r\n");
    await server[Symbol.asyncDispose]();
    assert.ok(existsSync(dataDir));
    rmSync(dataDir, { recursive: true });
  });

  test("A port that is taken is told, not silently left.", async () => {
    await using first = await RedisServer.start();
    await assert.rejects(RedisServer.start({ port: first.port }), { code: "CHILD_FAILED" });
  });
});

describe("What is missing", () => {
  test("A program that is not there gives the reason to skip, and an error when it is required.", (context) => {
    context.after(() => {
      delete process.env["FARMSCOPE_NATS_SERVER"];
      delete process.env["FARMSCOPE_REQUIRE"];
    });
    process.env["FARMSCOPE_REQUIRE"] = "";
    process.env["FARMSCOPE_NATS_SERVER"] = "/nowhere/nats-server";
    assert.equal(NatsServer.missing(), "nats-server was not found in /nowhere/nats-server");
    process.env["FARMSCOPE_REQUIRE"] = "redis, nats";
    assert.throws(() => NatsServer.missing(), { code: "TOOL_MISSING" });
  });

  test("A free port is a port on which nobody answers.", async () => {
    const port = await freePort();
    assert.ok(port > 1023);
    assert.equal(await answers(port, "", "INFO "), false);
  });
});
