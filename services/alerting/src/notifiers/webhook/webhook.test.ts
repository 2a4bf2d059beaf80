import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { webhookBody } from "@farmscope/alerting-core";
import { AlertEventSchema, CulpritSchema, create, Severity, Transition } from "@farmscope/proto";
import { ManualClock, OperatingError, SystemClock } from "@farmscope/runtime";
import { WebhookNotifier } from "./webhook.ts";

const clock = new ManualClock(1_700_000_000_500);
const target = { name: "webhook", kind: "webhook", sendResolved: true } as const;
const never = new AbortController().signal;
const event = create(AlertEventSchema, {
  rule: "FarmFragmented",
  alertKey: "FarmFragmented{farm=default}",
  incident: "FarmFragmented{farm=default}@0",
  transition: Transition.FIRING,
  reason: "HeldLongEnough",
  severity: Severity.WARNING,
  value: 0.7,
  lower: 0.6,
  upper: Number.POSITIVE_INFINITY,
  coverage: 0.9,
  atMs: 10_000n,
  sinceMs: 5_000n,
  labels: { farm: "default" },
  annotations: { summary: "default: 70%" },
  viewPosition: 7n,
  signal: "unusable_free_space_index",
  culprits: [create(CulpritSchema, { node: "n1", value: 0.9 })],
});

function bodyOf(key: string) {
  const lines = [{ id: "e", event, reason: "FirstNotification" as const }];
  return webhookBody({ lines, groupLabels: {}, others: 0, atMs: 0, changes: [], consoleUrl: "" }, key);
}

interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A receiver that answers as told and keeps what it got. */
async function receiver(t: TestContext, answer: (response: ServerResponse) => void) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

const respond =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, headers).end("told");
  };

test("An event is posted as JSON, signed over its time and body, under its idempotency key", async (t) => {
  const { received, url } = await receiver(t, respond(204));
  const notifier = new WebhookNotifier({ target, url, secret: "hush", clock });
  const body = bodyOf("key-1");
  const answer = await notifier.send({ body, idempotencyKey: "key-1" }, never);
  assert.deepEqual(answer, { verdict: "delivered", httpStatus: 204, detail: "accepted", retryAfterMs: null });
  const [{ headers, body: text }] = received as [Received];
  assert.equal(headers["idempotency-key"], "key-1");
  assert.equal(headers["farmscope-timestamp"], "1700000000");
  const expected = createHmac("sha256", "hush").update(`1700000000.${text}`).digest("hex");
  assert.equal(headers["farmscope-signature"], `v1=${expected}`);
  assert.deepEqual(JSON.parse(text), {
    version: 1,
    id: "key-1",
    alert: "FarmFragmented",
    alert_key: "FarmFragmented{farm=default}",
    incident: "FarmFragmented{farm=default}@0",
    transition: "firing",
    reason: "HeldLongEnough",
    notification: "FirstNotification",
    severity: "warning",
    signal: "unusable_free_space_index",
    value: 0.7,
    lower: 0.6,
    upper: null,
    coverage: 0.9,
    since_ms: 5000,
    at_ms: 10_000,
    labels: { farm: "default" },
    annotations: { summary: "default: 70%" },
    culprits: [{ node: "n1", cgroup: "", value: 0.9 }],
    changes: [],
    links: [],
    view_position: 7,
  });
});

test("Without a secret nothing is signed; a user in the address becomes an authorization header", async (t) => {
  const { received, url } = await receiver(t, respond(200));
  const notifier = new WebhookNotifier({ target, url: url.replace("//", "//me:p%40ss@"), secret: "", clock });
  await notifier.send({ body: bodyOf("k"), idempotencyKey: "k" }, never);
  assert.equal(received[0]!.headers["farmscope-signature"], undefined);
  assert.equal(received[0]!.headers["authorization"], `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
});

test("Retry-After is passed on when the message is to be tried again, and only then", async (t) => {
  for (const [status, expected] of [
    [429, 3000],
    [503, 3000],
    [400, null],
  ] as const) {
    const { url } = await receiver(t, respond(status, { "retry-after": "3" }));
    const answer = await new WebhookNotifier({ target, url, secret: "", clock }).send(
      { body: new Uint8Array(1), idempotencyKey: "k" },
      never,
    );
    assert.equal(answer.retryAfterMs, expected);
    assert.equal(answer.httpStatus, status);
  }
});

test("A redirect is not followed", async (t) => {
  const { received, url } = await receiver(t, respond(307, { location: "/elsewhere" }));
  const answer = await new WebhookNotifier({ target, url, secret: "", clock }).send(
    { body: new Uint8Array(1), idempotencyKey: "k" },
    never,
  );
  assert.equal(answer.verdict, "rejected");
  assert.equal(received.length, 1);
});

test("A receiver that is away, hangs up or never answers is tried again, and no address is told", async (t) => {
  const hangsUp = await receiver(t, (response) => response.socket?.destroy());
  const silent = await receiver(t, () => undefined);
  const send = (url: string) =>
    new WebhookNotifier({ target, url, secret: "", clock: new SystemClock(), timeoutMs: 50 }).send(
      { body: new Uint8Array(1), idempotencyKey: "k" },
      never,
    );
  const answers = [await send("http://127.0.0.1:1/token"), await send(hangsUp.url), await send(silent.url)];
  for (const answer of answers) {
    assert.equal(answer.verdict, "retry");
    assert.equal(answer.httpStatus, 0);
    assert.doesNotMatch(answer.detail, /127\.0\.0\.1|token|hook/);
  }
  assert.equal(answers[2]!.detail, "no answer within 50 ms");
});

test("A request that we end ourselves has an unknown outcome", async (t) => {
  const { url } = await receiver(t, () => undefined);
  const stop = new AbortController();
  const sending = new WebhookNotifier({ target, url, secret: "", clock }).send(
    { body: new Uint8Array(1), idempotencyKey: "k" },
    stop.signal,
  );
  stop.abort();
  assert.equal((await sending).verdict, "unknown");
});

test("An address that is none is refused without being repeated", () => {
  for (const url of ["not a url with s3cret", "ftp://host/s3cret"]) {
    assert.throws(
      () => new WebhookNotifier({ target, url, secret: "", clock }),
      (error) =>
        error instanceof OperatingError && error.code === "CONFIG_INVALID" && !error.message.includes("s3cret"),
    );
  }
});
