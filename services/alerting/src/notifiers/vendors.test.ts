import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type Message, pagerDutyBody, slackBody } from "@farmscope/alerting-core";
import type { NoticeReason } from "@farmscope/domain";
import { AlertEventSchema, create, Severity, Transition } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { PagerDutyNotifier } from "./pagerduty/pagerduty.ts";
import { SlackNotifier } from "./slack/slack.ts";

const clock = new ManualClock();
const never = new AbortController().signal;
const KEY = "0123456789abcdef0123456789abcdef";

/** A message whose every text is far too long and full of what vendors read as markup. */
function message(reason: NoticeReason, text = "<&>\ud800".repeat(2_000)): Message {
  const event = create(AlertEventSchema, {
    rule: "Fragmented",
    alertKey: `Fragmented{farm=${text}}`,
    incident: text,
    transition: Transition.FIRING,
    severity: Severity.CRITICAL,
    value: Number.NaN,
    lower: Number.NaN,
    upper: Number.POSITIVE_INFINITY,
    labels: { farm: text },
    annotations: { summary: text, detail: text },
  });
  const changes = [{ atMs: 0, text, url: `https://example.com/${text}` }];
  return {
    lines: [{ id: "e", event, reason }],
    groupLabels: { farm: text },
    others: 0,
    atMs: 0,
    changes,
    consoleUrl: "",
  };
}

async function receiver(t: TestContext, status: number, answer: string, headers: Record<string, string> = {}) {
  const received: { readonly path: string; readonly body: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ path: request.url!, body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.writeHead(status, headers).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("A PagerDuty trigger keeps to the vendor's limits, whatever stands in the alert, and its key is added on sending", async (t) => {
  const { received, url } = await receiver(t, 202, '{"status":"success"}');
  const target = { name: "oncall", kind: "pagerduty", sendResolved: true } as const;
  const notifier = new PagerDutyNotifier({ target, routingKey: KEY, url: `${url}/v2/enqueue`, clock });
  const body = pagerDutyBody(message("FirstNotification"))!;
  assert.ok(body.length <= 512_000);
  assert.doesNotMatch(new TextDecoder().decode(body), /routing_key/);
  const answer = await notifier.send({ body, idempotencyKey: "k" }, never);
  assert.equal(answer.verdict, "delivered");
  const [sent] = received;
  assert.equal(sent!.path, "/v2/enqueue");
  assert.equal(sent!.body["routing_key"], KEY);
  assert.ok((sent!.body["dedup_key"] as string).length <= 255);
  const payload = sent!.body["payload"] as Record<string, string>;
  assert.ok(payload["summary"]!.length > 0 && payload["summary"]!.length <= 1024);
  assert.ok(payload["source"]!.length > 0);
  assert.equal(payload["severity"], "critical");
});

test("PagerDuty is never paged for a lowered severity: that is a change event; an end and an acknowledgement keep the key", async (t) => {
  const { received, url } = await receiver(t, 202, "");
  const target = { name: "oncall", kind: "pagerduty", sendResolved: true } as const;
  const notifier = new PagerDutyNotifier({ target, routingKey: KEY, url: `${url}/v2/`, clock });
  for (const reason of ["FirstNotification", "SeverityLowered", "Acknowledged", "Resolved"] as const)
    await notifier.send({ body: pagerDutyBody(message(reason))!, idempotencyKey: "k" }, never);
  assert.deepEqual(
    received.map(({ path, body }) => [path, body["event_action"]]),
    [
      ["/v2/enqueue", "trigger"],
      ["/v2/change/enqueue", undefined],
      ["/v2/enqueue", "acknowledge"],
      ["/v2/enqueue", "resolve"],
    ],
  );
  assert.equal(received[2]!.body["dedup_key"], received[0]!.body["dedup_key"]);
  assert.equal(received[3]!.body["dedup_key"], received[0]!.body["dedup_key"]);
  assert.equal(pagerDutyBody(message("AcknowledgementWithdrawn")), null);
});

test("What a vendor answers is told without the secret that it repeats", async (t) => {
  const { url } = await receiver(t, 400, `bad routing_key ${KEY} at https://example.com/${KEY}`);
  const target = { name: "oncall", kind: "pagerduty", sendResolved: true } as const;
  const notifier = new PagerDutyNotifier({ target, routingKey: KEY, url, clock });
  const answer = await notifier.send({ body: pagerDutyBody(message("Resolved"))!, idempotencyKey: "k" }, never);
  assert.equal(answer.verdict, "rejected");
  assert.doesNotMatch(answer.detail, new RegExp(KEY));
});

test("A Slack message keeps to the limits of blocks and escapes what Slack reads as markup", () => {
  const { text, blocks } = JSON.parse(new TextDecoder().decode(slackBody(message("FirstNotification"))));
  assert.ok(blocks.length <= 50 && text.length > 0 && text.length <= 3_000);
  assert.ok(JSON.stringify(blocks).length <= 13_200);
  for (const block of blocks) {
    if (block.type === "header") assert.ok(block.text.text.length <= 150);
    if (block.type !== "section") continue;
    assert.ok(block.text.text.length <= 3_000);
    assert.ok((block.fields ?? []).length <= 10);
    for (const field of block.fields ?? []) assert.ok(field.text.length <= 2_000);
    assert.doesNotMatch(block.text.text, /<&|&(?!amp;|lt;|gt;)/);
  }
});

test("Slack's plain answers are understood, and Retry-After is passed on", async (t) => {
  const target = { name: "chat", kind: "slack", sendResolved: true } as const;
  for (const [status, text, verdict, askedMs] of [
    [200, "ok", "delivered", null],
    [200, "<html>log in</html>", "retry", null],
    [400, "invalid_payload", "rejected", null],
    [403, "action_prohibited", "target-disabled", null],
    [404, "no_service", "target-disabled", null],
    [410, "channel_is_archived", "target-disabled", null],
    [429, "rate_limited", "retry", 30_000],
    [500, "rollup_error", "retry", 30_000],
  ] as const) {
    const { url } = await receiver(t, status, text, { "retry-after": "30" });
    const notifier = new SlackNotifier({ target, url: `${url}/services/T0/B0/secret`, clock });
    const answer = await notifier.send({ body: slackBody(message("Resolved")), idempotencyKey: "k" }, never);
    assert.deepEqual([answer.verdict, answer.retryAfterMs], [verdict, askedMs], `${status} ${text}`);
    assert.doesNotMatch(answer.detail, /secret/);
  }
});
