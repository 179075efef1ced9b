import assert from "node:assert/strict";
import { test } from "node:test";
import { askedMs, waitMs } from "../../static/js/backoff.js";

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

test("a server that is crowded says when to come again, and its clients keep apart", () => {
  assert.deepEqual(
    [0, 0.5].map((drawn) => askedMs("Retry-After: 10", () => drawn)),
    [10_000, 11_000],
  );
});

test("whatever else a server says is no time", () => {
  for (const reason of [
    "",
    "restarting",
    "Retry-After: ",
    "Retry-After: -1",
    "Retry-After: 1.5",
    "Retry-After: 1000000",
  ]) {
    assert.equal(askedMs(reason), null);
  }
});

test("no server keeps its clients away for hours", () => {
  assert.equal(
    askedMs("Retry-After: 99999", () => 0),
    300_000,
  );
});
