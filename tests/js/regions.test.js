import assert from "node:assert/strict";
import { test } from "node:test";
import { polygonContains, polygonsOf, regionAt } from "../../static/js/regions.js";

const square = (from, to) => [
  [from, from],
  [to, from],
  [to, to],
  [from, to],
  [from, from],
];
const at = (lat, lng) => ({ lat, lng });

test("a polygon contains what is within its outer ring and in none of its holes", () => {
  const polygon = [square(0, 10), square(4, 6)];
  assert.equal(polygonContains(polygon, at(1, 1)), true);
  assert.equal(polygonContains(polygon, at(5, 5)), false);
  assert.equal(polygonContains(polygon, at(11, 5)), false);
});

test("latitude and longitude are not mixed up", () => {
  const wide = [
    [
      [0, 0],
      [10, 0],
      [10, 1],
      [0, 1],
    ],
  ];
  assert.equal(polygonContains(wide, at(0.5, 5)), true);
  assert.equal(polygonContains(wide, at(5, 0.5)), false);
});

test("a place belongs to the first region around it, or to none", () => {
  const regions = [
    { slug: "a", boundary: [square(0, 1)] },
    { slug: "b", boundary: [square(0, 3)] },
  ];
  assert.equal(regionAt(regions, at(0.5, 0.5)).slug, "a");
  assert.equal(regionAt(regions, at(2, 2)).slug, "b");
  assert.equal(regionAt(regions, at(4, 4)), undefined);
});

test("one polygon and several are read alike", () => {
  const rings = [square(0, 1)];
  assert.deepEqual(polygonsOf({ type: "Polygon", coordinates: rings }), [rings]);
  assert.deepEqual(polygonsOf({ type: "MultiPolygon", coordinates: [rings, rings] }), [rings, rings]);
});
