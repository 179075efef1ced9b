import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alertState,
  alertsOf,
  countAt,
  line,
  points,
  revenue,
  staleness,
  take,
  totals,
} from "../../static/js/staff-state.js";

const MINUTE_MS = 60_000;
const counts = (pending, dead, oldestPendingS) => ({ requests: { pending }, deadLetters: dead, oldestPendingS });

/** A page that has just opened in the given minute. */
const opened = (minute = 1000) => ({
  at: minute * MINUTE_MS,
  now: { nyc: counts(2, 1, 30), ldn: counts(3, 0, null) },
  minutes: { nyc: { 999: [4, 3, 2, 60, 1, 5] }, ldn: { 999: [1, 0, 2, 20, 0, 0] } },
  revenue: { nyc: { 999: { usd: 1000 } }, ldn: { 999: { gbp: 300 } } },
  health: {},
});

test("counts are summed over all regions, or are those of one", () => {
  assert.deepEqual(totals(opened(), ""), counts(5, 1, 30));
  assert.deepEqual(totals(opened(), "ldn"), counts(3, 0, null));
  assert.equal(countAt(totals(opened(), ""), "requests.pending"), 5);
  assert.equal(countAt(totals(opened(), ""), "rides.en_route"), 0);
});

test("a frame changes its region alone", () => {
  const live = opened();
  take(live, { type: "now", region: "ldn", counts: counts(0, 2, null) });
  assert.deepEqual(totals(live, ""), counts(2, 3, 30));
});

test("a minute that comes again replaces the one before, and the others stay", () => {
  const live = opened();
  take(live, { type: "minutes", region: "nyc", minutes: { 999: [5, 3, 2, 60, 1, 5], 1000: [1, 0, 0, 0, 0, 0] } });
  assert.equal(line(live, "nyc", "requests").total, 6);
  take(live, { type: "minutes", region: "nyc", minutes: { 1000: [2, 0, 0, 0, 0, 0] } });
  assert.equal(line(live, "nyc", "requests").total, 7);
});

test("a line has the sixty minutes to now, and what is older is not counted", () => {
  const { values, total } = line(opened(999 + 59), "", "requests");
  assert.deepEqual([values.length, values[0], total], [60, 5, 5]);
  assert.equal(line(opened(999 + 60), "", "requests").total, 0);
});

test("the mean wait is that of all who were accepted", () => {
  assert.equal(line(opened(), "", "wait").total, 20);
  assert.equal(line({ ...opened(), minutes: {} }, "", "wait").total, null);
});

test("revenue is by currency, and the line is that of the one with the most", () => {
  const { amounts, values } = revenue(opened(), "");
  assert.deepEqual(amounts, [
    { currency: "usd", amount: 1000 },
    { currency: "gbp", amount: 300 },
  ]);
  assert.equal(values.at(-2), 1000);
  assert.deepEqual(revenue({ ...opened(), revenue: {} }, ""), { amounts: [], values: [] });
});

const alert = (alertId, status, firedAt) => ({ alertId, status, firedAt });

test("alerts are those of the region and of the whole system, those that nobody deals with first", () => {
  const live = { ...opened(), alerts: {} };
  take(live, { type: "alerts", region: "nyc", alerts: [alert("a", "acknowledged", 9), alert("b", "firing", 1)] });
  take(live, { type: "alerts", region: "", alerts: [alert("c", "escalated", 5)] });
  take(live, { type: "alerts", region: "ldn", alerts: [alert("d", "firing", 8)] });
  const ids = (slug) => alertsOf(live, slug).map(({ alertId }) => alertId);
  assert.deepEqual(
    [ids(""), ids("nyc")],
    [
      ["d", "c", "b", "a"],
      ["c", "b", "a"],
    ],
  );
  assert.deepEqual([alertState(live, "d"), alertState(live, "e")], ["firing", ""]);
  take(live, { type: "alerts", region: "ldn", alerts: [] });
  assert.equal(alertState(live, "d"), "");
});

test("the largest value touches the top, and nothing is a flat line", () => {
  assert.equal(points([0, 5, 10], 100, 20), "0,20 50,10 100,0");
  assert.equal(points([0, 0], 100, 20), "0,20 100,20");
});

test("the page is stale without news, its counts without the database", () => {
  const live = opened();
  take(live, { type: "tick", at: 70_000, countedAt: 69_000 });
  assert.equal(staleness(live, 5000), null);
  assert.deepEqual(staleness(live, 5001), { what: "all", since: 70_000 });
  take(live, { type: "tick", at: 76_000, countedAt: 69_000 });
  assert.deepEqual(staleness(live, 0), { what: "counts", since: 69_000 });
  take(live, { type: "tick", at: 77_000, countedAt: 77_000 });
  assert.equal(staleness(live, 0), null);
});

test("a page that comes back begins with all that hello tells", () => {
  const live = opened();
  take(live, { type: "hello", seq: 0, live: { ...opened(), now: { nyc: counts(9, 0, null) } } });
  assert.equal(countAt(totals(live, ""), "requests.pending"), 9);
});
