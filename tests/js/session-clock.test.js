import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionClock } from "../../static/js/session-clock.js";

const START = "2026-05-02T12:00:00Z";
const ride = (changes = {}) => ({
  elapsedS: 298,
  startTime: START,
  coveredUntil: null,
  tariff: { amount: 1000, currency: "usd", incrementS: 300 },
  ...changes,
});

test("the clock ticks on from the server's answer", () => {
  const clock = new SessionClock(ride(), 10_000);
  assert.equal(clock.elapsedS(10_000), 298);
  assert.equal(clock.elapsedS(11_500), 299.5);
  assert.equal(clock.intoIncrementS(11_500), 299.5);
  assert.equal(clock.intoIncrementS(13_000), 1);
});

test("the server is asked every five seconds", () => {
  const clock = new SessionClock(ride({ elapsedS: 10 }), 0);
  assert.equal(clock.asks(5000), false);
  assert.equal(clock.asks(5001), true);
  assert.equal(clock.asks(5002), false);
  assert.equal(clock.asks(10_002), true);
});

test("a new increment is asked for as soon as it has begun, and once a second until it shows", () => {
  const clock = new SessionClock(ride(), 0); // 2 s before the end of the first increment
  assert.equal(clock.asks(1999), false);
  assert.equal(clock.asks(2000), true);
  assert.equal(clock.asks(3000), false);
  assert.equal(clock.asks(3001), true);
});

test("an increment that has just begun at the answer is not asked for at once", () => {
  const clock = new SessionClock(ride({ elapsedS: 299.9 }), 0);
  assert.equal(clock.asks(500), false);
});

test("the card covers whole seconds, and never less than none", () => {
  const clock = new SessionClock(ride({ coveredUntil: "2026-05-02T12:05:00Z" }), 0);
  assert.equal(clock.coveredS(0), 2);
  assert.equal(clock.coveredS(500), 2);
  assert.equal(clock.coveredS(60_000), 0);
});

test("a session without a hold is covered without end", () => {
  assert.equal(new SessionClock(ride(), 0).coveredS(0), Infinity);
});
