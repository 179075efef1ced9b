// Advice where to wait: what it says, and while it holds. It is a tip; whether it is followed is the partner's own choice.

import { $, announce, show, text } from "./dom.js";
import { distance, metresBetween } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { isOnline, phaseOf } from "./partner-state.js";
import { serverNow } from "./server-clock.js";

const NAMED_WITHIN_M = 500; // a place farther from the advised one says little
const EIGHTH = Math.PI / 4;
const DIRECTIONS = [
  gettext("north"),
  gettext("northeast"),
  gettext("east"),
  gettext("southeast"),
  gettext("south"),
  gettext("southwest"),
  gettext("west"),
  gettext("northwest"),
];

/**
 * The advice that holds now: none while somebody is to be served, or when its time is over.
 * @param {Readonly<Pages.PartnerState>} state
 * @param {number} now By the server's clock, in milliseconds.
 */
export function adviceAt(state, now) {
  const { advice } = state;
  const free = isOnline(state) && phaseOf(state) === "idle";
  return advice && free && Date.parse(advice.expiresAt) > now ? advice : null;
}

/**
 * The direction from one place to another, of eight.
 * @param {Api.Location} here
 * @param {Api.Location} there
 */
export function directionOf(here, there) {
  const east = (there.lng - here.lng) * Math.cos((here.lat * Math.PI) / 180);
  const eighths = Math.round(Math.atan2(east, there.lat - here.lat) / EIGHTH);
  return DIRECTIONS[(eighths + DIRECTIONS.length) % DIRECTIONS.length];
}

/**
 * Advice in words: near a place that people know, or else how far in which direction.
 * @param {Frames.Advice} advice
 * @param {Api.Location | null} here
 * @param {Pages.Named[]} places
 */
export function adviceText({ location, distanceM }, here, places) {
  const way = distance(here ? metresBetween(here, location) : distanceM);
  const near = places
    .map(({ name, place }) => ({ name, metres: metresBetween(place, location) }))
    .filter(({ metres }) => metres <= NAMED_WITHIN_M)
    .sort((a, b) => a.metres - b.metres)[0];
  if (near) return fill(gettext("Busier in 15 min near %(place)s, %(way)s away"), { place: near.name, way });
  if (!here) return fill(gettext("Busier in 15 min %(way)s away"), { way });
  const direction = directionOf(here, location);
  return fill(gettext("Busier in 15 min %(way)s to the %(direction)s"), { way, direction });
}

export class AdvicePanel {
  #places;
  #onChange;
  #hidden = ""; // the advice that the partner does not want to see
  #told = ""; // the one that was spoken
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * @param {() => Pages.Named[]} places
   * @param {() => void} onChange Is called when what is to be shown has changed by itself.
   */
  constructor(places, onChange) {
    this.#places = places;
    this.#onChange = onChange;
    $("#advice-hide").addEventListener("click", () => {
      this.#hidden = this.#told;
      $("#online").focus();
      this.#onChange();
    });
  }

  /**
   * Show the advice that holds. Returns it, for the map.
   * @param {Readonly<Pages.PartnerState>} state
   * @param {Api.Location | null} here
   */
  paint(state, here) {
    const holds = adviceAt(state, serverNow());
    const advice = holds?.adviceId === this.#hidden ? null : holds;
    clearTimeout(this.#timer);
    show($("#advice"), Boolean(advice));
    if (!advice) return null;
    this.#timer = setTimeout(this.#onChange, Date.parse(advice.expiresAt) - serverNow());
    const sentence = adviceText(advice, here, this.#places());
    text($("#advice-text"), sentence);
    if (advice.adviceId !== this.#told) announce(sentence); // once, and not for each step of the way
    this.#told = advice.adviceId;
    return advice;
  }
}
