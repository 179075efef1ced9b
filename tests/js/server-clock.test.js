import assert from "node:assert/strict";
import { test } from "node:test";
import { serverNow, setServerNow } from "../../static/js/server-clock.js";

const NOON = Date.parse("2026-05-02T12:00:00Z");

test("the server's time goes on from what it wrote, however wrong the device's clock is", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: NOON + 3_600_000 });
  setServerNow("2026-05-02T12:00:00Z");
  assert.equal(serverNow(), NOON);
  t.mock.timers.setTime(NOON + 3_605_000);
  assert.equal(serverNow(), NOON + 5000);
});

test("a device that is behind is set right, too", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: NOON - 60_000 });
  setServerNow("2026-05-02T12:00:00Z");
  assert.equal(serverNow(), NOON);
});
