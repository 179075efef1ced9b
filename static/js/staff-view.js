// Paints what the staff page knows. Painting twice shows the same.

import { $, $$, show, text } from "./dom.js";
import { duration, money, timeOfDay } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { countAt, line, points, revenue, staleness, totals } from "./staff-state.js";

const [WIDTH, HEIGHT, EDGE] = [118, 28, 2]; // of a line's box, as the page has it
/** @type {Record<string, string>} */
const STATES = {
  ok: gettext("fine"),
  slow: gettext("slow"),
  down: gettext("not working"),
  unknown: gettext("unknown"),
};

/**
 * @param {Pages.Live} live
 * @param {string} slug
 */
export function paintCounts(live, slug) {
  const counts = totals(live, slug);
  for (const tile of $$("[data-count]")) {
    const count = countAt(counts, tile.dataset.count ?? "");
    text($(".tile-number", tile), String(count));
    tile.toggleAttribute("data-zero", count === 0);
  }
  const oldest = counts.oldestPendingS;
  show($("#oldest"), oldest !== null);
  if (oldest === null) return;
  const sentence = gettext("The oldest request has been looking for %(time)s.");
  text($("#oldest"), fill(sentence, { time: duration(oldest) }));
}

/**
 * @param {Pages.Live} live
 * @param {string} slug
 */
export function paintLines(live, slug) {
  for (const tile of $$("[data-line]")) {
    const name = tile.dataset.line ?? "";
    const [figure, values] = name === "revenue" ? revenueOf(live, slug) : figureOf(live, slug, name);
    text($(".tile-number", tile), figure);
    const drawn = points(values, WIDTH, HEIGHT);
    const shape = $("polyline", tile);
    if (shape.getAttribute("points") !== drawn) shape.setAttribute("points", drawn);
    shape.setAttribute("transform", `translate(0 ${EDGE})`);
  }
}

/**
 * @param {Pages.Live} live
 * @param {string} slug
 * @param {string} name
 * @returns {[string, number[]]}
 */
function figureOf(live, slug, name) {
  const { values, total } = line(live, slug, name);
  if (name !== "wait") return [String(total), values];
  return [total === null ? "–" : duration(total), values];
}

/**
 * @param {Pages.Live} live
 * @param {string} slug
 * @returns {[string, number[]]}
 */
function revenueOf(live, slug) {
  const { amounts, values } = revenue(live, slug);
  return [amounts.map((amount) => money(amount, { short: true })).join(" + ") || "–", values];
}

/** @param {Pages.Live} live */
export function paintHealth(live) {
  for (const part of $$("[data-part]")) {
    const [state, figure] = live.health[part.dataset.part ?? ""] ?? ["unknown", null];
    part.dataset.state = state;
    text($(".part-state", part), STATES[state] ?? state);
    text($(".part-figure", part), figure === null ? "" : withUnit(figure, part.dataset.unit ?? ""));
  }
}

/**
 * @param {number} figure
 * @param {string} unit
 */
function withUnit(figure, unit) {
  if (unit === "count") return String(figure);
  return unit === "s" ? duration(figure) : `${figure} ms`;
}

/**
 * @param {Pages.Live} live
 * @param {number} silentMs Since the last frame.
 */
export function paintStale(live, silentMs) {
  const stale = staleness(live, silentMs);
  show($("#stale"), stale !== null);
  if (stale === null) return;
  const sentence =
    stale.what === "all"
      ? gettext("No news since %(time)s. What you see is of then.")
      : gettext("The database does not answer. Counts are of %(time)s; the rest is live.");
  text($("#stale"), fill(sentence, { time: timeOfDay(stale.since) }));
}
