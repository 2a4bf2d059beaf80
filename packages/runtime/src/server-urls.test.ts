import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServerUrls } from "./server-urls.ts";

test("A list of servers, with or without scheme and port, is taken apart.", () => {
  assert.deepEqual(parseServerUrls("nats://a:4333, b,[::1]:5", "nats", 4222), {
    servers: ["a:4333", "b:4222", "[::1]:5"],
    user: undefined,
    password: undefined,
    isEncrypted: false,
  });
});

test("User and password are decoded and kept out of the servers.", () => {
  const urls = parseServerUrls("tls://me:p%40ss@a", "nats", 4222);
  assert.deepEqual(urls, { servers: ["a:4222"], user: "me", password: "p@ss", isEncrypted: true });
});

test("What is no server is refused without repeating it.", () => {
  for (const text of ["", " , ", "http://a", "nats://", "nats://a:x", "nats://me:secret@"]) {
    assert.throws(
      () => parseServerUrls(text, "nats", 4222),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "CONFIG_INVALID");
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
});
