import assert from "node:assert/strict";
import { test } from "node:test";
import { legendOf, levelOf, shownOf } from "../../static/js/admin/trial.js";

test("a value is in the level below the first limit that is greater", () => {
  const limits = [1, 2, 3];
  const levels = [0, 1, 2.5, 3, 99].map((value) => levelOf(value, limits));
  assert.deepEqual(levels, [0, 1, 2, 3, 3]);
});

test("a cell shows its wait, or its share of requests that stayed unmatched", () => {
  assert.deepEqual(shownOf([12, 300, 0.25], "wait"), { level: "2", text: "5.0 min, 12 requests" });
  assert.deepEqual(shownOf([12, 300, 0.25], "unmatched"), { level: "4", text: "25.0% of 12" });
});

test("nothing is told of few people, and no wait where nobody was served", () => {
  assert.deepEqual(shownOf(null, "wait"), { level: "none", text: "too few people" });
  assert.deepEqual(shownOf([6, null, 1], "wait"), { level: "none", text: "nobody of 6 was served" });
});

test("the legend has a label for each level", () => {
  assert.deepEqual(legendOf("wait"), ["below 3 min", "3 to 5 min", "5 to 8 min", "8 to 12 min", "12 min and more"]);
  assert.equal(legendOf("unmatched").at(-1), "20% and more");
});
