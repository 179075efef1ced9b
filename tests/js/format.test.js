import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage({ lang: "en", locale: "en-GB-oxendict" });
const format = await import("../../static/js/format.js");

test("money is written from minor units, with the currency's own digits", () => {
  assert.equal(format.money({ amount: 1050, currency: "usd" }), "$10.50");
  assert.equal(format.money({ amount: 1000, currency: "usd" }), "$10.00");
  assert.equal(format.money({ amount: 1000, currency: "jpy" }), "¥1,000");
  assert.equal(format.money({ amount: 1230, currency: "kwd" }), "KWD\u00a01.230");
  assert.equal(format.money({ amount: 1000, currency: "isk" }), "ISK\u00a010");
});

test("short money drops a fraction of nothing, and no other", () => {
  assert.equal(format.money({ amount: 1000, currency: "usd" }, { short: true }), "$10");
  assert.equal(format.money({ amount: 1050, currency: "usd" }, { short: true }), "$10.50");
});

test("a typed amount becomes minor units, with a comma or a point", () => {
  assert.equal(format.minorUnits("2.50", "usd"), 250);
  assert.equal(format.minorUnits("2,5", "eur"), 250);
  assert.equal(format.minorUnits("1.1", "usd"), 110); // 1.1 * 100 is 110.00000000000001
  assert.equal(format.minorUnits("500", "jpy"), 500);
  assert.ok(Number.isNaN(format.minorUnits("a lot", "usd")));
});

test("a part of a price is rounded to what can be moved", () => {
  assert.equal(format.movable(451.5, "kwd"), 450);
  assert.equal(format.movable(15_050, "isk"), 15_100);
  assert.equal(format.movable(225.4, "jpy"), 225);
  assert.equal(format.movable(0.2, "usd"), 1);
});

test("distances are metres, then kilometres", () => {
  assert.deepEqual([3, 444, 949, 950, 12_345].map(format.distance), ["10 m", "440 m", "950 m", "1.0 km", "12.3 km"]);
});

test("travel takes whole minutes, and at least one", () => {
  assert.deepEqual([0, 60, 61].map(format.eta), ["1 min", "1 min", "2 min"]);
});

test("a clock runs over the hour, and never below nothing", () => {
  assert.deepEqual([-5, 0, 245.9, 3723].map(format.clock), ["0:00", "0:00", "4:05", "1:02:03"]);
});

test("durations are told in their two largest units", () => {
  assert.deepEqual([45, 180, 200, 3900].map(format.duration), ["45 s", "3 min", "3 min 20 s", "1 h 5 min"]);
});

test("a tariff's increment is told in minutes where it is whole minutes", () => {
  assert.deepEqual([60, 300, 90].map(format.perIncrement), [
    "per minute or part",
    "per 5 minutes or part",
    "per 90 seconds or part",
  ]);
});

test("what a session is billed for is told in minutes where it is whole minutes", () => {
  assert.deepEqual(
    [format.blocks(1, 300), format.blocks(3, 60), format.blocks(2, 90)],
    ["1 × 5 minutes", "3 × 1 minute", "2 × 90 seconds"],
  );
});

test("a time of day is that of the given zone", () => {
  assert.match(format.timeOfDay("2026-05-02T22:05:00Z", "America/New_York"), /^6:05\sPM$/);
  assert.match(format.dayAndTime("2026-05-02T22:05:00Z", "America/New_York"), /^Sat, May 2.*6:05\sPM$/);
});

test("the distance between two places is that of a great circle", () => {
  const [equator, north] = [
    { lat: 0, lng: 0 },
    { lat: 1, lng: 0 },
  ];
  assert.equal(format.metresBetween(equator, equator), 0);
  assert.equal(Math.round(format.metresBetween(equator, north)), 111_226);
});

test("travel is reckoned through streets", () => {
  assert.equal(format.travelS(600, { speedMps: 4, streetFactor: 1.4 }), 210);
});
