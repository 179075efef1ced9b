import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage();
globalThis.window = globalThis;
const { seriesOf } = await import("../../static/js/insights-chart.js");
const { stepsOf } = await import("../../static/js/insights-steps.js");
const { cellText, columnName, HIDDEN } = await import("../../static/js/insights-words.js");

const of = { currency: "usd", timeZone: "America/New_York" };
const figure = (columns, rows) => ({ columns: columns.map(([key, unit]) => ({ key, unit })), rows, hidden: 0 });

test("cells by their unit", () => {
  assert.equal(cellText(null, "count", of), HIDDEN);
  assert.equal(cellText(9, "clock", of), "09:00");
  assert.equal(cellText(0.125, "share", of), "12.5%");
  assert.equal(cellText(75, "seconds", of), "1 min 15 s");
  assert.match(cellText(1000, "minor", of), /10\.00/);
  assert.equal(cellText("2026-06-10T13:00:00+00:00", "moment", of).slice(-5), "09:00");
  assert.match(cellText("2026-06-10", "day", of), /10/);
  assert.equal(cellText("some_new_reason", "name", of), "some new reason");
  assert.equal(columnName("another_reason"), "another reason");
});

test("a chart draws known columns, and gaps where a figure is hidden", () => {
  const told = figure(
    [
      ["clock", "clock"],
      ["requests", "count"],
      ["usual", "mean"],
    ],
    [
      [0, 5, 2.5],
      [1, null, 3],
    ],
  );
  const { data } = seriesOf(told, ["requests", "nothing"]);
  assert.deepEqual(data, [
    [0, 1],
    [5, null],
  ]);
});

test("of several currencies one is drawn", () => {
  const told = figure(
    [
      ["day", "day"],
      ["currency", "name"],
      ["revenue", "minor"],
    ],
    [
      ["2026-06-09", "eur", 1],
      ["2026-06-09", "usd", 2],
      ["2026-06-10", "usd", 3],
    ],
  );
  const { data, currency } = seriesOf(told, ["revenue"]);
  assert.deepEqual([currency, data[1]], ["usd", [2, 3]]);
});

test("five steps by rank, and none without a figure", () => {
  assert.deepEqual(stepsOf([null, 10, 20, 30, 40, 50]), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(stepsOf([7, 7]), [1, 1]);
  assert.deepEqual(stepsOf([]), []);
});
