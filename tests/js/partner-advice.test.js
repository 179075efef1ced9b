import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage({ locale: "de-DE" }); // a place of metres
const { adviceAt, adviceText, directionOf } = await import("../../static/js/partner-advice.js");

const HERE = { lat: 40.744, lng: -73.9911 };
const UNION_SQUARE = { name: "Union Square", place: { lat: 40.7359, lng: -73.9911 } };
const advice = {
  adviceId: "a1",
  location: { lat: 40.7363, lng: -73.9905 },
  locationWithinM: 250,
  distanceM: 860,
  expiresAt: "2026-05-02T12:20:00Z",
};
const at = (time) => Date.parse(`2026-05-02T${time}Z`);
const state = (changes = {}) => ({
  partner: { partnerId: "p1", status: "available" },
  offer: null,
  ride: null,
  request: null,
  advice,
  ...changes,
});

test("advice names a known place that is near it, and how far it is from here", () => {
  assert.equal(adviceText(advice, HERE, [UNION_SQUARE]), "Busier in 15 min near Union Square, 860 m away");
  const far = { name: "Far away", place: { lat: 40.75, lng: -73.99 } };
  assert.equal(adviceText(advice, HERE, [far, UNION_SQUARE]), "Busier in 15 min near Union Square, 860 m away");
});

test("without a known place it names a direction", () => {
  assert.equal(adviceText(advice, HERE, []), "Busier in 15 min 860 m to the south");
});

test("who has no position is told the distance that the server knows", () => {
  assert.equal(adviceText(advice, null, []), "Busier in 15 min 860 m away");
});

test("directions are of eight, as wide as the place is", () => {
  const [oslo, step] = [{ lat: 59.9, lng: 10.7 }, 0.01];
  const to = (north, east) => directionOf(oslo, { lat: oslo.lat + north * step, lng: oslo.lng + 2 * east * step });
  assert.deepEqual(
    [to(1, 0), to(1, 1), to(0, 1), to(-1, 1), to(-1, 0), to(-1, -1), to(0, -1), to(1, -1)],
    ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"],
  );
});

test("advice holds for who is free, until it expires", () => {
  assert.equal(adviceAt(state(), at("12:19:59")), advice);
  assert.equal(adviceAt(state(), at("12:20:00")), null);
  assert.equal(adviceAt(state({ advice: null }), at("12:00:00")), null);
});

test("no advice is shown beside an offer or a ride, or to who is offline", () => {
  const now = at("12:00:00");
  assert.equal(adviceAt(state({ offer: { offerId: "o1" } }), now), null);
  assert.equal(adviceAt(state({ ride: { rideId: "r1" } }), now), null);
  assert.equal(adviceAt(state({ partner: { partnerId: "p1", status: "offline" } }), now), null);
});
