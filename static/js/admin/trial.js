// The page of a trial: asks for itself again while the trial runs, and shows its zones by rules, figure and time.

/** @typedef {[number, number | null, number] | null} Cell requests, mean wait in seconds, share unmatched; null: too few people */
/** @typedef {{times: string[], zones: Cell[][][]}} Values by zone, rules and time, of which the first is the whole day */

const AGAIN_AFTER_MS = 3000;
const WAIT_LEVELS_S = [180, 300, 480, 720];
const UNMATCHED_LEVELS = [0.02, 0.05, 0.1, 0.2];

/**
 * The level of a value among growing limits: 0 below the first one.
 * @param {number} value
 * @param {number[]} limits
 */
export function levelOf(value, limits) {
  const level = limits.findIndex((limit) => value < limit);
  return level < 0 ? limits.length : level;
}

/**
 * What a cell shows of a figure: its level and its text.
 * @param {Cell} cell
 * @param {string} figure
 * @returns {{level: string, text: string}}
 */
export function shownOf(cell, figure) {
  if (cell === null) return { level: "none", text: "too few people" };
  const [requests, wait, unmatched] = cell;
  if (figure === "unmatched") {
    return {
      level: String(levelOf(unmatched, UNMATCHED_LEVELS)),
      text: `${(unmatched * 100).toFixed(1)}% of ${requests}`,
    };
  }
  if (wait === null) return { level: "none", text: `nobody of ${requests} was served` };
  return { level: String(levelOf(wait, WAIT_LEVELS_S)), text: `${(wait / 60).toFixed(1)} min, ${requests} requests` };
}

/**
 * The labels of the levels of a figure, from the least on.
 * @param {string} figure
 */
export function legendOf(figure) {
  const isShare = figure === "unmatched";
  const unit = isShare ? "%" : " min";
  const limits = isShare ? UNMATCHED_LEVELS.map((each) => each * 100) : WAIT_LEVELS_S.map((each) => each / 60);
  const between = limits.slice(1).map((limit, at) => `${limits[at]} to ${limit}${unit}`);
  return [`below ${limits[0]}${unit}`, ...between, `${limits.at(-1)}${unit} and more`];
}

/** @param {HTMLFieldSetElement} controls */
function startMap(controls) {
  const map = /** @type {Element} */ (document.querySelector("#trial-map"));
  const legend = /** @type {Element} */ (document.querySelector("#trial-legend"));
  const told = /** @type {Element} */ (document.querySelector("#trial-values"));
  const values = /** @type {Values} */ (JSON.parse(told.textContent ?? ""));
  const squares = [...map.querySelectorAll(".zone")];
  const names = squares.map((square) => square.querySelector("title")?.textContent ?? "");

  /** @param {string} name */
  function chosen(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement} */ (controls.elements.namedItem(name)).value;
  }

  function show() {
    const [run, figure, time] = [Number(chosen("run")), chosen("figure"), Number(chosen("time"))];
    const output = controls.querySelector("output");
    if (output) output.textContent = values.times[time] ?? "";
    squares.forEach((square, zone) => {
      const { level, text } = shownOf(values.zones[zone]?.[run]?.[time] ?? null, figure);
      square.setAttribute("data-level", level);
      const title = square.querySelector("title");
      if (title) title.textContent = `${names[zone]}: ${text}`;
    });
    legend.replaceChildren(
      ...legendOf(figure).map((label, level) => {
        const item = document.createElement("li");
        item.textContent = label;
        item.dataset.level = String(level);
        return item;
      }),
    );
  }

  controls.addEventListener("input", show);
  show();
}

function start() {
  if (document.querySelector("#trial-busy")) setTimeout(() => location.reload(), AGAIN_AFTER_MS);
  const controls = document.querySelector("#trial-controls");
  if (controls instanceof HTMLFieldSetElement) startMap(controls);
}

if (typeof document !== "undefined") document.addEventListener("DOMContentLoaded", start);
