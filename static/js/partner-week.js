// Where it is usually busy: circles on the map, and the same in a list.

import { $, make, pageData } from "./dom.js";
import { fill, gettext } from "./i18n.js";
import { CityMap } from "./map.js";

const L = window.L;
const RADIUS_M = 485; // of a circle with a cell's area

/** @type {Pages.PartnerWeek} */
const { cells, regions, tiles } = pageData();
const city = new CityMap($("#map"), regions, { tiles });
for (const { lat, lng, level } of cells)
  L.circle([lat, lng], {
    radius: RADIUS_M,
    className: `map-cell step-${level + 1}`,
    interactive: false,
  }).addTo(city.map);

await city.ready;
/** The busiest level of each place, in the order of the cells. @type {Map<string, number>} */
const named = new Map();
for (const cell of cells) {
  const name = city.nameOf(cell) ?? `${cell.lat.toFixed(3)}, ${cell.lng.toFixed(3)}`;
  if (!named.has(name)) named.set(name, cell.level);
}
for (const [name, level] of named)
  $("#busy-list").append(
    make("li", { textContent: fill(gettext("%(place)s: %(level)s of 4"), { place: name, level }) }),
  );
