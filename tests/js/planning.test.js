import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage();
const { momentOf } = await import("../../static/js/request-planning.js");
const shown = (local, zone) => momentOf(local, zone).toISOString();

test("a local time is read by the clocks of its zone", () => {
  assert.equal(shown("2026-05-02T18:00", "America/New_York"), "2026-05-02T22:00:00.000Z");
  assert.equal(shown("2026-01-02T18:00", "America/New_York"), "2026-01-02T23:00:00.000Z");
  assert.equal(shown("2026-05-02T18:00", "Asia/Kathmandu"), "2026-05-02T12:15:00.000Z");
});

test("a time on either side of a change of the clocks is read by the clocks of its own side", () => {
  assert.equal(shown("2026-03-08T01:30", "America/New_York"), "2026-03-08T06:30:00.000Z");
  assert.equal(shown("2026-03-08T03:30", "America/New_York"), "2026-03-08T07:30:00.000Z");
});
