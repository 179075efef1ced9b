// A figure as a table.

import { make } from "./dom.js";
import { fill, gettext } from "./i18n.js";
import { cellText, columnName } from "./insights-words.js";

const ROWS_SHOWN = 500;
const TEXTS = new Set(["name", "day", "moment", "clock"]);

/**
 * The currency of a row; "" if the figure is not about money.
 * @param {Api.Figure} figure
 * @param {Api.FigureCell[]} row
 */
export function currencyOf({ columns }, row) {
  const index = columns.findIndex(({ key }) => key === "currency");
  return index < 0 ? "" : String(row[index] ?? "");
}

/**
 * @param {Api.Figure} figure
 * @param {string} timeZone
 */
export function tableOf(figure, timeZone) {
  const head = make("tr", {}, ...figure.columns.map(({ key, unit }) => headCell(columnName(key), unit)));
  const body = make("tbody");
  for (const row of figure.rows.slice(0, ROWS_SHOWN)) body.append(rowOf(figure, row, timeZone));
  return make("table", {}, make("thead", {}, head), body);
}

/** What a table leaves out, in words; "" if nothing. @param {Api.Figure} figure */
export function leftOut({ rows, hidden }) {
  const sentences = [];
  if (rows.length > ROWS_SHOWN)
    sentences.push(
      fill(gettext("The table shows the first %(shown)s of %(all)s rows; the CSV has all."), {
        shown: ROWS_SHOWN,
        all: rows.length,
      }),
    );
  if (hidden) sentences.push(fill(gettext("Hidden, about fewer than five people: %(count)s."), { count: hidden }));
  return sentences.join(" ");
}

/**
 * @param {string} name
 * @param {Api.FigureUnit} unit
 */
function headCell(name, unit) {
  return make("th", { scope: "col", textContent: name, className: TEXTS.has(unit) ? "" : "amount" });
}

/**
 * @param {Api.Figure} figure
 * @param {Api.FigureCell[]} row
 * @param {string} timeZone
 */
function rowOf(figure, row, timeZone) {
  const of = { currency: currencyOf(figure, row), timeZone };
  const cells = figure.columns.map(({ unit }, index) => {
    const textContent = cellText(row[index], unit, of);
    if (index === 0) return make("th", { scope: "row", textContent });
    return make("td", { textContent, className: TEXTS.has(unit) ? "" : "amount" });
  });
  return make("tr", {}, ...cells);
}
