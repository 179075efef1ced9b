// How long it usually takes until somebody is there, told before asking.

import { get } from "./api.js";
import { $, text } from "./dom.js";
import { fill, gettext } from "./i18n.js";

const SETTLED_MS = 400; // a pin that is being dragged is not asked about

/**
 * The usual wait in words; empty where it is not known.
 * @param {Api.Range} range
 */
export function waitText({ p50, p90 }) {
  if (p50 === null || p90 === null) return "";
  const [least, most] = [p50, p90].map((seconds) => Math.max(1, Math.ceil(seconds / 60)));
  if (least === most) return fill(gettext("Usually %(minutes)s min here"), { minutes: most });
  return fill(gettext("Usually %(least)s to %(most)s min here"), { least, most });
}

/**
 * @param {Api.Location} place
 * @param {string} requestType Empty for the first.
 */
function queryOf({ lat, lng }, requestType) {
  const query = new URLSearchParams({ lat: lat.toFixed(5), lng: lng.toFixed(5) });
  if (requestType) query.set("requestType", requestType);
  return query.toString();
}

export class UsualWait {
  #line = $("#wait-line");
  #asked = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * Show the usual wait at a place, or nothing without one.
   * @param {Api.Location | null} place
   * @param {string} requestType Empty for the first.
   */
  show(place, requestType) {
    const query = place ? queryOf(place, requestType) : "";
    if (query === this.#asked) return;
    this.#asked = query;
    clearTimeout(this.#timer);
    if (query) this.#timer = setTimeout(() => this.#ask(query), SETTLED_MS);
    else text(this.#line, "");
  }

  /** @param {string} query */
  async #ask(query) {
    // It is a help, and no more: the page works without it.
    const said = await get(`/estimate?${query}`).then(
      ({ waitS }) => waitText(waitS),
      () => "",
    );
    if (query === this.#asked) text(this.#line, said);
  }
}
