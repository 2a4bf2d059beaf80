import assert from "node:assert/strict";
import { test } from "node:test";
import { identified, matcher, routeOf, Timeline } from "./fixtures.ts";
import { MEMBERS_MAX, NotificationBook } from "./notification-book.ts";

const PATIENT = routeOf({
  groupBy: ["farm"],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 3_600_000,
});

test("Without patience each alert is told at once, alone, through its whole life", () => {
  const { told } = new Timeline(routeOf())
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 20, alert: "A", transition: "escalated", severity: "critical" })
    .event({ atS: 30, alert: "A", transition: "deescalated" })
    .event({ atS: 40, alert: "A", transition: "resolved" })
    .pass(100_000);
  assert.deepEqual(told, [
    "10 team: A FirstNotification",
    "20 team: A SeverityRaised",
    "30 team: A SeverityLowered",
    "40 team: A Resolved",
  ]);
});

test("A group waits for company, then keeps its interval, and repeats what goes on", () => {
  const { told } = new Timeline(PATIENT)
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 20, alert: "B", transition: "firing" })
    .event({ atS: 50, alert: "C", transition: "firing" })
    .event({ atS: 60, alert: "B", transition: "resolved" })
    .pass(4_000);
  assert.deepEqual(told, [
    "40 team: A FirstNotification, B FirstNotification",
    "340 team: B Resolved, C FirstNotification",
    "3640 team: A RepeatIntervalElapsed",
    "3940 team: C RepeatIntervalElapsed",
  ]);
});

test("What is over before the group has waited is never told", () => {
  const { told, book } = new Timeline(PATIENT)
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 39, alert: "A", transition: "resolved" })
    .pass(10_000);
  assert.deepEqual(told, []);
  assert.equal(book.members, 0);
});

test("Flapping within the group's interval is one incident for the receiver", () => {
  const { told } = new Timeline(PATIENT)
    .event({ atS: 0, alert: "A", transition: "firing" })
    .event({ atS: 60, alert: "A", transition: "resolved" })
    .event({ atS: 70, alert: "A", transition: "firing", incident: "A@2" })
    .event({ atS: 80, alert: "A", transition: "resolved", incident: "A@2" })
    .pass(3_000);
  assert.deepEqual(told, ["30 team: A FirstNotification", "330 team: A Resolved"]);
});

test("A rise in severity waits for the group's wait only", () => {
  const { told } = new Timeline(PATIENT)
    .event({ atS: 0, alert: "A", transition: "firing" })
    .event({ atS: 40, alert: "A", transition: "escalated", severity: "critical" })
    .event({ atS: 100, alert: "A", transition: "deescalated" })
    .pass(1_000);
  assert.deepEqual(told, ["30 team: A FirstNotification", "70 team: A SeverityRaised", "370 team: A SeverityLowered"]);
});

test("A silence that ends in the middle of an incident lets it be told at that moment", () => {
  const { told } = new Timeline(routeOf())
    .silence(5, "A", 100)
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 10, alert: "B", transition: "firing" })
    .pass(1_000);
  assert.deepEqual(told, ["10 team: B FirstNotification", "100 team: A FirstNotification"]);
});

test("An incident that is over when its silence ends is not told; one that was told before is told of its end", () => {
  const { told } = new Timeline(routeOf())
    .event({ atS: 1, alert: "B", transition: "firing" })
    .silence(5, "A", 100, "a")
    .silence(5, "B", 100, "b")
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 20, alert: "B", transition: "escalated", severity: "critical" })
    .event({ atS: 30, alert: "A", transition: "resolved" })
    .event({ atS: 40, alert: "B", transition: "resolved", severity: "critical" })
    .pass(1_000);
  assert.deepEqual(told, ["1 team: B FirstNotification", "40 team: B Resolved"]);
});

test("A silence can be ended early, and made longer, by a later record of the same id", () => {
  const { told } = new Timeline(routeOf())
    .silence(5, "A", 100)
    .event({ atS: 10, alert: "A", transition: "firing" })
    .silence(20, "A", 200)
    .silence(150, "A", 150)
    .pass(1_000);
  assert.deepEqual(told, ["150 team: A FirstNotification"]);
});

test("A muted route keeps quiet while its interval lasts, in its own zone, and speaks at the minute it ends", () => {
  // 00:00 to 02:01 in a zone two hours ahead of UTC is the first minute of 1970.
  const minutes = [{ from: 0, to: 121 }];
  const span = { minutes, weekdays: null, daysOfMonth: null, months: null, years: null, zone: "UTC+2" };
  const route = routeOf({ muteIntervals: [{ name: "night", spans: [span] }] });
  const { told } = new Timeline(route)
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 20, alert: "B", transition: "firing" })
    .event({ atS: 30, alert: "B", transition: "resolved" })
    .pass(1_000);
  assert.deepEqual(told, ["60 team: A FirstNotification"]);
});

test("An active interval is the only time at which its route speaks", () => {
  const span = { weekdays: null, daysOfMonth: null, months: null, years: null, zone: "UTC" };
  const route = routeOf({ activeIntervals: [{ name: "day", spans: [{ ...span, minutes: [{ from: 2, to: 4 }] }] }] });
  const { told } = new Timeline(route)
    .event({ atS: 10, alert: "A", transition: "firing" })
    .event({ atS: 130, alert: "B", transition: "firing" })
    .event({ atS: 240, alert: "C", transition: "firing" })
    .pass(1_000);
  assert.deepEqual(told, ["120 team: A FirstNotification", "130 team: B FirstNotification"]);
});

test("An alert is not told while another explains it, and is told when that one has ended", () => {
  const inhibit = {
    sourceMatchers: [matcher("alert", "NodeOffline")],
    targetMatchers: [matcher("severity", "warning")],
    equal: ["node"],
  };
  const { told } = new Timeline(routeOf(), [inhibit])
    .event({ atS: 0, alert: "NodeOffline", transition: "firing", severity: "critical", labels: { node: "n1" } })
    .event({ atS: 10, alert: "A", transition: "firing", labels: { node: "n1" } })
    .event({ atS: 10, alert: "B", transition: "firing", labels: { node: "n2" } })
    .event({ atS: 20, alert: "NodeOffline", transition: "resolved", severity: "critical", labels: { node: "n1" } })
    .pass(100);
  assert.deepEqual(told, [
    "0 team: NodeOffline FirstNotification",
    "10 team: B FirstNotification",
    "20 team: NodeOffline Resolved",
    "20 team: A FirstNotification",
  ]);
});

test("Alerts that are both source and target of a rule do not inhibit each other", () => {
  const both = { sourceMatchers: [matcher("farm", "edge")], targetMatchers: [matcher("farm", "edge")], equal: [] };
  const { told } = new Timeline(routeOf(), [both])
    .event({ atS: 0, alert: "A", transition: "firing" })
    .event({ atS: 1, alert: "B", transition: "firing" });
  assert.deepEqual(told, ["0 team: A FirstNotification", "1 team: B FirstNotification"]);
});

test("A source whose severity falls below the rule's inhibits no more", () => {
  const inhibit = {
    sourceMatchers: [matcher("alert", "A"), matcher("severity", "critical")],
    targetMatchers: [matcher("alert", "B")],
    equal: [],
  };
  const { told } = new Timeline(routeOf(), [inhibit])
    .event({ atS: 0, alert: "A", transition: "firing", severity: "critical" })
    .event({ atS: 1, alert: "B", transition: "firing" })
    .event({ atS: 2, alert: "A", transition: "deescalated" });
  assert.deepEqual(told, ["0 team: A FirstNotification", "2 team: A SeverityLowered", "2 team: B FirstNotification"]);
});

test("An acknowledgement is told once and stops repeats; taken back, they go on; the next incident has none", () => {
  const { told } = new Timeline(routeOf({ repeatIntervalMs: 100_000 }))
    .event({ atS: 0, alert: "A", transition: "firing" })
    .acknowledge(150, "A@1")
    .acknowledge(500, "A@1", true)
    .event({ atS: 650, alert: "A", transition: "resolved" })
    .event({ atS: 660, alert: "A", transition: "firing", incident: "A@2" })
    .pass(761);
  assert.deepEqual(told, [
    "0 team: A FirstNotification",
    "100 team: A RepeatIntervalElapsed",
    "150 team: A Acknowledged",
    "500 team: A AcknowledgementWithdrawn",
    "600 team: A RepeatIntervalElapsed",
    "650 team: A Resolved",
    "660 team: A FirstNotification",
    "760 team: A RepeatIntervalElapsed",
  ]);
});

test("Routes by severity: who was told of the beginning is told of all that follows", () => {
  const route = routeOf({
    receiver: "chat",
    routes: [routeOf({ id: "{}/critical", receiver: "pager", matchers: [matcher("severity", "critical")] })],
  });
  const { told } = new Timeline(route)
    .event({ atS: 0, alert: "A", transition: "firing" })
    .event({ atS: 10, alert: "A", transition: "escalated", severity: "critical" })
    .event({ atS: 20, alert: "A", transition: "deescalated" })
    .event({ atS: 30, alert: "A", transition: "resolved" });
  assert.deepEqual(told, [
    "0 chat: A FirstNotification",
    "10 chat: A SeverityRaised",
    "10 pager: A FirstNotification",
    "20 chat: A SeverityLowered",
    "20 pager: A SeverityLowered",
    "30 chat: A Resolved",
    "30 pager: A Resolved",
  ]);
});

test("The first matching child takes an alert, those after it only when it continues", () => {
  const child = (receiver: string, continues: boolean) =>
    routeOf({ id: receiver, receiver, continues, matchers: [matcher("farm", "edge")] });
  const route = routeOf({ routes: [child("first", true), child("second", false), child("third", false)] });
  const { told } = new Timeline(route).event({ atS: 0, alert: "A", transition: "firing" });
  assert.deepEqual(told, ["0 first: A FirstNotification", "0 second: A FirstNotification"]);
});

test("After a restart at any second of a timeline the rest of it is the same", () => {
  const happen = (restartS: number): readonly string[] => {
    const timeline = new Timeline(PATIENT);
    const steps: (() => void)[] = [
      () => timeline.event({ atS: 10, alert: "A", transition: "firing" }),
      () => timeline.silence(15, "B", 100),
      () => timeline.event({ atS: 20, alert: "B", transition: "firing" }),
      () => timeline.event({ atS: 50, alert: "A", transition: "escalated", severity: "critical" }),
      () => timeline.event({ atS: 60, alert: "C", transition: "firing" }),
      () => timeline.acknowledge(90, "A@1"),
      () => timeline.event({ atS: 200, alert: "C", transition: "resolved" }),
      () => timeline.event({ atS: 700, alert: "A", transition: "resolved" }),
      () => timeline.pass(5_000),
    ];
    const atS = [10, 15, 20, 50, 60, 90, 200, 700, 5_000];
    let restarted = false;
    steps.forEach((step, at) => {
      if (!restarted && atS[at]! > restartS) {
        timeline.pass(restartS).restart();
        restarted = true;
      }
      step();
    });
    return timeline.told;
  };
  const undisturbed = happen(Number.POSITIVE_INFINITY);
  assert.equal(undisturbed.length, 6);
  for (let restartS = 0; restartS < 1_000; restartS += 5)
    assert.deepEqual(happen(restartS), undisturbed, `${restartS} s`);
});

test("Repeats that were due while nobody lived are told once when somebody does", () => {
  const timeline = new Timeline(routeOf({ repeatIntervalMs: 100_000 }));
  timeline.event({ atS: 0, alert: "A", transition: "firing" }).restart(1_000).pass(1_050);
  assert.deepEqual(timeline.told, ["0 team: A FirstNotification", "1000 team: A RepeatIntervalElapsed"]);
});

test("Alerts beyond the greatest number are refused and counted", () => {
  const book = new NotificationBook({ route: routeOf(), inhibitRules: [], zoneOffset: () => 0 });
  const fire = (at: number) => book.event(identified({ atS: 1, alert: `A${at}`, transition: "firing" }));
  for (let at = 0; at < MEMBERS_MAX; at++) fire(at);
  assert.deepEqual([book.members, book.refused], [MEMBERS_MAX, 0]);
  fire(MEMBERS_MAX);
  assert.deepEqual([book.members, book.refused], [MEMBERS_MAX, 1]);
});
