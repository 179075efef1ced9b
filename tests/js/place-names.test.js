import assert from "node:assert/strict";
import { test } from "node:test";
import { placesAt, placesNamed, together } from "../../static/js/place-names.js";

const place = { lat: 40.75, lng: -73.98 };
const named = (...names) => names.map((name) => ({ name, place }));
const namesOf = (places) => places.map(({ name }) => name);

test("coordinates are a place, and nothing off the globe is", () => {
  assert.deepEqual(placesAt("40.7, -73.9"), [{ name: "40.7, -73.9", place: { lat: 40.7, lng: -73.9 } }]);
  assert.deepEqual(placesAt("95.5, 3"), []);
  assert.equal(placesAt("times"), null);
  assert.equal(placesAt("42 8"), null); // a corner, perhaps
});

test("names fit without accents and case, those that begin so first", () => {
  const places = named("Old Café Row", "CAFÉ One", "Union Square");
  assert.deepEqual(namesOf(placesNamed(places, "cafe")), ["CAFÉ One", "Old Café Row"]);
  assert.deepEqual(placesNamed(places, ""), []);
});

test("what is shown keeps its place when more comes", () => {
  const both = together(named("Times Square", "Times Sq"), named("times square", "Times Plaza"));
  assert.deepEqual(namesOf(both), ["Times Square", "Times Sq", "Times Plaza"]);
  assert.equal(together(named("1", "2", "3", "4", "5"), named("6", "7")).length, 6);
});
