import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { KafkaServer } from "./kafka.ts";
import { isFree } from "./loopback.ts";

const missing = KafkaServer.missing();

describe("kafka", { skip: missing ?? false, timeout: 120_000 }, () => {
  test("It starts, keeps its port over a crash, and takes another one with the same data.", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "farmscope-kept-kafka-"));
    const first = await KafkaServer.start({ dataDir });
    const { port } = first;
    assert.match(first.url, /^kafka:\/\/127\.0\.0\.1:\d+$/);
    assert.match(first.version, /^4\.\d+\.\d+$/);
    assert.equal((await first.kill())?.signal, "SIGKILL");
    assert.equal(await isFree(port), true);
    await first.start();
    assert.equal(first.port, port);
    assert.equal((await first.stop())?.signal ?? null, null, "it drains when it is asked to end");
    await using second = await KafkaServer.start({ dataDir });
    assert.equal(second.state, "running");
    await second.stop();
    rmSync(dataDir, { recursive: true });
  });
});

describe("A missing Kafka", () => {
  test("It gives the reason to skip, and an error when it is required.", (context) => {
    const home = process.env["JAVA_HOME"];
    const required = process.env["FARMSCOPE_REQUIRE"];
    context.after(() => {
      for (const [name, value] of [
        ["JAVA_HOME", home],
        ["FARMSCOPE_REQUIRE", required],
      ] as const) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    process.env["JAVA_HOME"] = "/nowhere";
    process.env["FARMSCOPE_REQUIRE"] = "redis";
    assert.equal(KafkaServer.missing(), "kafka: there is no java");
    process.env["FARMSCOPE_REQUIRE"] = "redis, kafka";
    assert.throws(() => KafkaServer.missing(), { code: "TOOL_MISSING" });
  });
});
