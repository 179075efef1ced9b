import assert from "node:assert/strict";
import { test } from "node:test";
import * as cheer from "../../static/js/cheer-state.js";
import * as partner from "../../static/js/partner-state.js";

const PLACE = { lat: 40.75, lng: -73.98 };
const request = (changes = {}) => ({ requestId: "q1", status: "pending", rideId: null, partner: null, ...changes });
const ride = (changes = {}) => ({ rideId: "r1", requestId: "q1", status: "en_route", ...changes });
const accepted = request({ status: "accepted", rideId: "r1", partner: { partnerId: "p1", currentLocation: PLACE } });
const cheerState = (changes = {}) => ({
  request: request(),
  ride: null,
  partner: null,
  partnerAt: null,
  bill: null,
  requeued: false,
  ...changes,
});
const consoleState = (changes = {}) => ({
  partner: { partnerId: "p1", status: "available" },
  offer: null,
  ride: null,
  request: null,
  ...changes,
});

test("each status of a request is one phase of the cheer page", () => {
  const phases = ["pending", "offered", "accepted", "completed", "cancelled", "no_match"].map((status) =>
    cheer.phaseOf({ request: request({ status }), ride: null }),
  );
  assert.deepEqual(phases, ["looking", "looking", "on-way", "done", "cancelled", "no-match"]);
  assert.equal(cheer.phaseOf({ request: accepted, ride: ride({ status: "in_progress" }) }), "running");
});

test("an accepted request brings its partner, and where they are", () => {
  const changes = cheer.withRequest(cheerState(), accepted);
  assert.deepEqual(changes.partner, accepted.partner);
  assert.deepEqual(changes.partnerAt, PLACE);
});

test("a position heard over the socket is newer than the request's", () => {
  const partnerAt = { lat: 1, lng: 2 };
  assert.equal(cheer.withRequest(cheerState({ partnerAt }), accepted).partnerAt, partnerAt);
});

test("a request whose partner has called off loses ride and partner, and says that it looks again", () => {
  const before = cheerState({ request: accepted, ride: ride(), partner: accepted.partner, partnerAt: PLACE });
  const changes = cheer.withRequest(before, request());
  assert.deepEqual(changes, { request: request(), requeued: true, ride: null, partner: null, partnerAt: null });
  const offeredAgain = cheer.withRequest({ ...before, ...changes }, request({ status: "offered" }));
  assert.equal(offeredAgain.requeued, true);
  assert.equal(cheer.withRequest(cheerState({ requeued: true }), accepted).requeued, false);
});

test("only the request's present ride is shown", () => {
  const { isOurs } = cheer;
  assert.equal(isOurs(cheerState({ request: accepted }), ride()), true);
  assert.equal(isOurs(cheerState({ request: accepted }), ride({ rideId: "r0" })), false);
  assert.equal(isOurs(cheerState({ request: accepted }), ride({ requestId: "q0" })), false);
  assert.equal(isOurs(cheerState(), ride()), true); // heard of before the request's own news
  assert.equal(isOurs(cheerState(), ride({ status: "cancelled" })), false);
});

test("a ride comes before an offer on the console", () => {
  assert.equal(partner.phaseOf(consoleState()), "idle");
  assert.equal(partner.phaseOf(consoleState({ offer: {} })), "offer");
  assert.equal(partner.phaseOf(consoleState({ offer: {}, ride: {} })), "serving");
});

test("a partner is online unless they are offline", () => {
  const online = ["offline", "available", "offered", "busy"].filter((status) =>
    partner.isOnline(consoleState({ partner: { status } })),
  );
  assert.deepEqual(online, ["available", "offered", "busy"]);
});

test("a ride takes the offer's place, and keeps the request that belongs to it", () => {
  const wish = { requestId: "q1" };
  assert.deepEqual(partner.withRide(consoleState({ offer: {}, request: wish }), ride()), {
    ride: ride(),
    request: wish,
    offer: null,
  });
  assert.equal(partner.withRide(consoleState({ request: { requestId: "q0" } }), ride()).request, null);
});

test("a ride that is over frees the partner", () => {
  const state = consoleState({ ride: ride(), request: { requestId: "q1" }, partner: { name: "P", status: "busy" } });
  for (const status of ["completed", "cancelled"])
    assert.deepEqual(partner.withRide(state, ride({ status })), {
      ride: null,
      request: null,
      offer: null,
      partner: { name: "P", status: "available" },
    });
});

test("the end of a ride that is not the present one changes nothing", () => {
  assert.equal(partner.withRide(consoleState({ ride: ride() }), ride({ rideId: "r0", status: "completed" })), null);
  assert.equal(partner.withRide(consoleState(), ride({ status: "cancelled" })), null);
});
