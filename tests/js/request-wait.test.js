import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage();
const { waitText } = await import("../../static/js/request-wait.js");

test("a usual wait is a range of minutes", () => {
  assert.equal(waitText({ p50: 240, p90: 420 }), "Usually 4 to 7 min here");
});

test("a range without an extent is one figure", () => {
  assert.equal(waitText({ p50: 240, p90: 240 }), "Usually 4 min here");
});

test("nothing is said where either end is not known", () => {
  assert.equal(waitText({ p50: null, p90: null }), "");
  assert.equal(waitText({ p50: 240, p90: null }), "");
});
