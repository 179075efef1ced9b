import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage({ lang: "de", locale: "en-US" });
const format = await import("../../static/js/format.js");

test("a device in the United States is told feet and miles, in the page's language", () => {
  assert.deepEqual([3, 250, 400, 2500].map(format.distance), ["50 ft", "800 ft", "0,2 mi", "1,6 mi"]);
});

test("money follows the page's language", () => {
  assert.equal(format.money({ amount: 1050, currency: "eur" }).replace(/\s/u, " "), "10,50 €");
});
