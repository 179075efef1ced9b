// Lines and bars, drawn by uPlot. Across is the number of a row, so that no time zone comes between.

import { currencyOf } from "./insights-table.js";
import { cellText, columnName } from "./insights-words.js";

const HEIGHT = 260;
const STEPS = [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 48, 84, 168, 336, 672, 1344];
const LINES = 5; // that are told apart
/** Pixels between the labels below the chart, and for those beside it. @type {Partial<Record<Api.FigureUnit, number>>} */
const APART = { day: 110, moment: 140, name: 40 };
/** @type {Partial<Record<Api.FigureUnit, number>>} */
const BESIDE = { seconds: 92, minor: 92 };
/** @type {(number[] | undefined)[]} */
const DASHES = [undefined, [8, 4], [2, 3], [12, 4, 2, 4], [4, 4]]; // beside the colours, for those who don't see them

/**
 * The numbers that a chart draws: the rows' numbers, then the cells of each drawn column. Of several currencies it is
 * the one of the last row; the table has all.
 * @param {Api.Figure} figure
 * @param {string[]} drawn Keys of columns.
 */
export function seriesOf(figure, drawn) {
  const last = figure.rows.at(-1);
  const currency = last ? currencyOf(figure, last) : "";
  const rows = figure.rows.filter((row) => currencyOf(figure, row) === currency);
  const indices = drawn.map((key) => figure.columns.findIndex((column) => column.key === key)).filter((at) => at >= 0);
  const values = indices.map((at) => rows.map((row) => (typeof row[at] === "number" ? row[at] : null)));
  return { rows, indices, currency, data: [rows.map((_, number) => number), ...values] };
}

/**
 * Draw a figure; false if there is nothing to draw.
 * @param {HTMLElement} place
 * @param {Api.Figure} figure
 * @param {{ drawing: string, drawn: string[], timeZone: string }} how
 */
export function drawChart(place, figure, { drawing, drawn, timeZone }) {
  const told = seriesOf(figure, drawn);
  const known = told.data.slice(1).some((values) => values.some((value) => value !== null));
  if (!window.uPlot || !known) return false;
  const paths = drawing === "bars" ? window.uPlot.paths.bars({ size: [0.6, 120] }) : undefined;
  const options = optionsOf(place, figure, told, timeZone, paths);
  place.replaceChildren();
  new window.uPlot(options, told.data, place);
  return true;
}

/**
 * @param {HTMLElement} place
 * @param {Api.Figure} figure
 * @param {ReturnType<typeof seriesOf>} told
 * @param {string} timeZone
 * @param {unknown} bars How bars are drawn; undefined for lines.
 * @returns {UPlot.Options}
 */
function optionsOf(place, figure, { rows, indices, currency }, timeZone, bars) {
  const of = { currency, timeZone };
  const across = (/** @type {number} */ number) => {
    const row = rows[number];
    return row ? cellText(row[0], figure.columns[0].unit, of) : "";
  };
  const unit = figure.columns[indices[0]].unit;
  const line = colour(place, "--line");
  const [grid, ticks] = [
    { stroke: line, width: 1 },
    { stroke: line, width: 1 },
  ];
  const axis = { stroke: colour(place, "--muted"), grid, ticks };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    scales: {
      x: { time: false, range: (_, first, last) => [first - 0.5, last + 0.5] },
      y: { range: (_, least, most) => [Math.min(0, least) * 1.1, Math.max(0, most) * 1.1 || 1] },
    },
    axes: [
      {
        ...axis,
        incrs: STEPS,
        space: APART[figure.columns[0].unit] ?? 70,
        values: (_, numbers) => numbers.map(across),
      },
      { ...axis, size: BESIDE[unit] ?? 60, values: (_, values) => values.map((value) => cellText(value, unit, of)) },
    ],
    series: [
      { label: columnName(figure.columns[0].key), value: (_, number) => (number === null ? "" : across(number)) },
      ...indices.map((at, number) => ({
        label: columnName(figure.columns[at].key),
        stroke: colour(place, `--line-${(number % LINES) + 1}`),
        fill: bars ? colour(place, "--line-1") : undefined,
        width: 2,
        dash: DASHES[number % LINES],
        paths: bars,
        points: { show: rows.length < 2 },
        value: (/** @type {unknown} */ _, /** @type {number | null} */ value) =>
          cellText(value ?? null, figure.columns[at].unit, of),
      })),
    ],
  };
}

/**
 * A colour of the page as a canvas takes it, which knows no `light-dark()`.
 * @param {HTMLElement} place
 * @param {string} name Of a custom property.
 */
function colour(place, name) {
  place.style.color = `var(${name})`;
  const found = getComputedStyle(place).color;
  place.style.removeProperty("color");
  return found;
}
