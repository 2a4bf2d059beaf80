import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { civilTimeOf } from "./civil-time.ts";
import { isWithin, nextMinuteMs, type TimeSpan } from "./time-interval.ts";

test("Calendar fields are those of the machine's own calendar", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 }), (ms) => {
      const date = new Date(ms);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
      assert.deepEqual(civilTimeOf(ms), {
        year,
        month: month + 1,
        day: date.getUTCDate(),
        daysInMonth: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
        weekday: date.getUTCDay(),
        minute: date.getUTCHours() * 60 + date.getUTCMinutes(),
      });
    }),
  );
});

const ALWAYS: TimeSpan = { minutes: null, weekdays: null, daysOfMonth: null, months: null, years: null, zone: "UTC" };

test("All parts of a span must match, and days count from the end of a month too", () => {
  const within = (span: Partial<TimeSpan>, iso: string): boolean =>
    isWithin({ name: "n", spans: [{ ...ALWAYS, ...span }] }, Date.parse(iso), () => 0);
  const rows: readonly (readonly [Partial<TimeSpan>, string, boolean])[] = [
    [{}, "2026-02-28T23:59:59Z", true],
    [{ minutes: [{ from: 540, to: 1020 }] }, "2026-02-28T08:59:59Z", false],
    [{ minutes: [{ from: 540, to: 1020 }] }, "2026-02-28T09:00:00Z", true],
    [{ minutes: [{ from: 540, to: 1020 }] }, "2026-02-28T17:00:00Z", false],
    [{ minutes: [{ from: 1380, to: 1440 }] }, "2026-02-28T23:59:59Z", true],
    [{ weekdays: [{ from: 1, to: 5 }] }, "2026-02-28T12:00:00Z", false],
    [{ weekdays: [{ from: 6, to: 6 }] }, "2026-02-28T12:00:00Z", true],
    [{ daysOfMonth: [{ from: -1, to: -1 }] }, "2026-02-28T12:00:00Z", true],
    [{ daysOfMonth: [{ from: -1, to: -1 }] }, "2024-02-28T12:00:00Z", false],
    [{ daysOfMonth: [{ from: 1, to: 31 }] }, "2026-02-28T12:00:00Z", true],
    [{ daysOfMonth: [{ from: 29, to: 31 }] }, "2026-02-28T12:00:00Z", false],
    [{ months: [{ from: 1, to: 3 }], years: [{ from: 2027, to: 2030 }] }, "2026-02-28T12:00:00Z", false],
    [{ months: [{ from: 1, to: 3 }], years: [{ from: 2026, to: 2030 }] }, "2026-02-28T12:00:00Z", true],
  ];
  for (const [span, iso, expected] of rows) assert.equal(within(span, iso), expected, `${JSON.stringify(span)} ${iso}`);
});

test("The next minute is always later and at a full one", () => {
  for (const ms of [0, 1, 59_999, 60_000]) {
    assert.ok(nextMinuteMs(ms) > ms);
    assert.equal(nextMinuteMs(ms) % 60_000, 0);
  }
});
