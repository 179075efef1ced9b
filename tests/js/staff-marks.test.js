import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { longId, Marks, madeAt, shortId } from "../../static/js/staff-marks.js";

// Made by the server's code, which a test of its own holds against this file.
const told = JSON.parse(readFileSync(new URL("staff-marks.json", import.meta.url), "utf8"));

const shown = (marks) => [...marks.slots()].map((slot) => [marks.ids[slot], marks.states[slot], marks.place(slot)]);
const opened = (whole) => {
  const marks = new Marks();
  marks.begin(whole);
  return marks;
};

test("the changes after a snapshot are the next snapshot", () => {
  const marks = opened(told.whole);
  assert.deepEqual(
    ["2", "3", "4"].map((which) => marks.follow(told.changes[which])),
    [true, true, true],
  );
  assert.deepEqual(shown(marks), shown(opened(told.final)));
  assert.equal(shown(marks).length, 4);
});

test("a place is in degrees", () => {
  const { lat, lng } = opened(told.whole).place(0);
  assert.deepEqual([lat.toFixed(4), lng.toFixed(4)], ["40.7500", "-73.9800"]);
});

test("a change that was lost, or is of another board, asks for the snapshot", () => {
  const marks = opened(told.whole);
  assert.equal(marks.follow(told.changes["3"]), false);
  assert.equal(marks.follow({ ...told.changes["2"], board: "another" }), false);
  assert.equal(new Marks().follow(told.changes["2"]), false);
});

test("a change that the snapshot has already changes nothing", () => {
  const marks = opened(told.final);
  assert.equal(marks.follow(told.changes["3"]), true);
  assert.deepEqual(shown(marks), shown(opened(told.final)));
});

test("many slots are left out by their number", () => {
  const states = "f".repeat(200);
  const marks = opened({ board: "b", n: 1, ids: " ".repeat(22 * 200), places: "00000000".repeat(200), states });
  marks.follow({ board: "b", n: 2, steps: "~36YW..XW", rows: [] });
  assert.deepEqual([marks.north[198], marks.east[198], marks.north[199], marks.north[197]], [2, 0, 0, 0]);
});

test("an id is read in full, and tells when its row was made", () => {
  assert.equal(longId("AYkAAAAAcACAAAAAAAAAAQ"), "01890000-0000-7000-8000-000000000001");
  assert.equal(madeAt("01890000-0000-7000-8000-000000000001"), 0x018900000000);
});

test("an id is written short and long", () => {
  const long = "0193aa00-ffff-7fff-bfff-fbffffffffff";
  assert.equal(longId(shortId(long)), long);
  assert.equal(shortId(long).length, 22);
});
