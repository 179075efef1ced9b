// The figures of staff: each is asked for when it comes into view, drawn, and put into its table.

import { get } from "./api.js";
import { $, $$, pageData, show, showProblem, text } from "./dom.js";
import { gettext } from "./i18n.js";
import { drawChart } from "./insights-chart.js";
import { drawCells } from "./insights-map.js";
import { leftOut, tableOf } from "./insights-table.js";
import { Problem } from "./problem.js";

/** @type {Pages.Insights} */
const page = pageData();
const timeZone = page.regions[0].timeZone;
/** Draw again, when colours or sizes have changed. @type {Map<Element, () => void>} */
const redraw = new Map();

/**
 * @param {HTMLElement} section
 * @param {Pages.Insights["figures"][number]} how
 * @param {Api.Figure} figure
 */
function paint(section, how, figure) {
  const drawing = $(".drawing", section);
  const isMap = how.drawing === "map";
  const draw = () =>
    isMap
      ? drawCells(drawing, figure, { ...page, drawn: how.drawn })
      : drawChart(drawing, figure, { ...how, timeZone });
  const drawn = draw();
  show(drawing, drawn);
  if (drawn && !isMap) redraw.set(drawing, draw);
  $(".scroll", section).replaceChildren(tableOf(figure, timeZone));
  const nothing = drawn ? "" : gettext("Nothing to draw.");
  text($("[data-about]", section), [nothing, leftOut(figure)].filter(Boolean).join(" "));
}

/** @param {HTMLElement} section */
async function load(section) {
  const how = page.figures.find(({ name }) => name === section.dataset.figure);
  if (!how) return;
  try {
    paint(section, how, await get(/** @type {`/insights/${string}/${string}`} */ (how.url)));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    showProblem(error.sentence, $("[data-about]", section));
  } finally {
    section.removeAttribute("aria-busy");
  }
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      void load(/** @type {HTMLElement} */ (target));
    }
  },
  { rootMargin: "200px" },
);
for (const section of $$("section[data-figure]")) seen.observe(section);

const drawAll = () => {
  for (const draw of redraw.values()) draw();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth === width) return; // a phone's bars come and go
  width = window.innerWidth;
  drawAll();
});
