// The console's map: where the partner is, and where they are wanted.

import { gettext } from "./i18n.js";

/**
 * @import { CityMap } from "./map.js"
 * @import { Circle, Marker } from "leaflet"
 */

export class ConsoleMap {
  #city;
  /** @type {Marker | null} */
  #here = null;
  /** @type {Marker | null} */
  #there = null;
  /** @type {Circle | null} */
  #area = null;
  /** @type {Circle | null} */
  #advised = null;
  #adviceId = "";

  /** @param {CityMap} city */
  constructor(city) {
    this.#city = city;
  }

  /**
   * @param {Api.Location | null} here
   * @param {Api.Location | null} wanted
   * @param {number | null} [withinM] How far from there the place may be; null: it is there.
   */
  paint(here, wanted, withinM = null) {
    this.#area?.remove();
    this.#area = wanted && withinM ? this.#city.area(wanted, withinM) : null;
    if (here) {
      this.#here ??= this.#city.marker("partner", here, gettext("You"));
      this.#here.setLatLng([here.lat, here.lng]);
    }
    if (!wanted) {
      this.#there?.remove();
      this.#there = null;
    } else if (this.#there) {
      this.#there.setLatLng([wanted.lat, wanted.lng]);
    } else {
      this.#there = this.#city.marker("pin", wanted, gettext("Where you are wanted"));
      this.#city.fit(here ? [wanted, here] : [wanted]);
    }
  }

  /**
   * Draw where the partner might wait. The view stays as it is: nothing is asked of them.
   * @param {Frames.Advice | null} advice
   */
  advise(advice) {
    if ((advice?.adviceId ?? "") === this.#adviceId) return;
    this.#adviceId = advice?.adviceId ?? "";
    this.#advised?.remove();
    this.#advised = advice && this.#city.area(advice.location, advice.locationWithinM, "map-advice");
  }
}
