// The console's map: where the partner is, and where they are wanted.

import { gettext } from "./i18n.js";

/**
 * @import { CityMap } from "./map.js"
 * @import { Marker } from "leaflet"
 */

export class ConsoleMap {
  #city;
  /** @type {Marker | null} */
  #here = null;
  /** @type {Marker | null} */
  #there = null;

  /** @param {CityMap} city */
  constructor(city) {
    this.#city = city;
  }

  /**
   * @param {Api.Location | null} here
   * @param {Api.Location | null} wanted
   */
  paint(here, wanted) {
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
}
