import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../../static/js/pulse.js";

/** What is due each second from `fromS` to `toS`. */
const seconds = (pulse, fromS, toS, live) =>
  Array.from({ length: toS - fromS + 1 }, (_, index) => pulse.due((fromS + index) * 1000, live));

function begun() {
  const pulse = new Pulse();
  pulse.begin(0);
  return pulse;
}

test("silence is answered by a ping, and longer silence by giving up", () => {
  const due = seconds(begun(), 1, 9, true);
  assert.deepEqual(due, [...Array(3).fill("nothing"), "ping", ...Array(3).fill("nothing"), "ping", "drop"]);
});

test("a frame that has come puts both off", () => {
  const pulse = begun();
  pulse.heard(3000);
  assert.deepEqual(seconds(pulse, 4, 7, true), ["nothing", "nothing", "nothing", "ping"]);
  pulse.heard(7500);
  assert.deepEqual(seconds(pulse, 8, 11, true), Array(4).fill("nothing"));
});

test("a connection that is being opened has ten seconds, and is sent nothing", () => {
  assert.deepEqual(seconds(begun(), 1, 11, false), [...Array(10).fill("nothing"), "drop"]);
});

test("a page that was asleep asks first, instead of giving a good connection up", () => {
  const pulse = begun();
  assert.equal(pulse.due(60_000, true), "ping");
  assert.equal(pulse.due(61_000, true), "drop"); // still silent
});

test("a page that was asleep keeps a connection that answers", () => {
  const pulse = begun();
  assert.equal(pulse.due(60_000, true), "ping");
  pulse.heard(60_100);
  assert.equal(pulse.due(61_000, true), "nothing");
});
