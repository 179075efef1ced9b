import assert from "node:assert/strict";
import { test } from "node:test";
import { waitMs } from "../../static/js/backoff.js";

const almostOne = () => 1 - Number.EPSILON;

test("the ceiling doubles with each failure, up to the longest wait", () => {
  const ceilings = [0, 1, 2, 5, 6, 40].map((failures) => Math.round(waitMs(failures, { random: almostOne })));
  assert.deepEqual(ceilings, [500, 1000, 2000, 16_000, 20_000, 20_000]);
});

test("the jitter is full: a wait may be nothing", () => {
  assert.equal(waitMs(5, { random: () => 0 }), 0);
  assert.equal(waitMs(1, { random: () => 0.5 }), 500);
});

test("any number of failures gives a finite wait", () => {
  assert.equal(Math.round(waitMs(100_000, { random: almostOne })), 20_000);
});
