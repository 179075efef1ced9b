// Cells of a figure on the map: circles of the cells' area, in five steps of one colour.

import { fill, gettext } from "./i18n.js";
import { stepsOf } from "./insights-steps.js";
import { cellText, columnName } from "./insights-words.js";
import { CityMap } from "./map.js";

const L = window.L;
/** Of circles with the area of a cell, in metres: a forecast is by cells of resolution 7, all else of 8. */
const RADIUS = { forecast: 1280, other: 485 };

/**
 * Draw a figure; false if it has no cells.
 * @param {HTMLElement} place
 * @param {Api.Figure} figure
 * @param {{ drawn: string[], regions: Pages.Region[], tiles: Pages.Tiles | null }} how
 */
export function drawCells(place, figure, { drawn: [key], regions, tiles }) {
  if (!figure.rows.length) return false;
  const [lat, lng, at] = ["lat", "lng", key].map((name) => figure.columns.findIndex((column) => column.key === name));
  place.classList.add("map");
  const { map } = new CityMap(place, regions, { tiles });
  const values = figure.rows.map((row) => (typeof row[at] === "number" ? row[at] : null));
  const radius = figure.figure === "nextHour" ? RADIUS.forecast : RADIUS.other;
  const steps = stepsOf(values);
  for (const [index, row] of figure.rows.entries()) {
    const told = cellText(row[at], figure.columns[at].unit, { currency: "", timeZone: "UTC" });
    L.circle([Number(row[lat]), Number(row[lng])], { radius, className: `map-cell step-${steps[index]}` })
      .bindTooltip(fill(gettext("%(what)s: %(figure)s"), { what: columnName(key), figure: told }))
      .addTo(map);
  }
  return true;
}
