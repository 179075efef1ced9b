// The cheer's map: the place, rings while somebody is looked for, and the partner on the way.

import { $ } from "./dom.js";
import { gettext } from "./i18n.js";
import { CityMap } from "./map.js";

/** @import { Marker } from "leaflet" */

export class CheerMap {
  #city;
  #place;
  /** @type {Marker | null} */
  #partner = null;
  /** @type {Marker | null} */
  #rings = null;

  /** @param {Pages.Cheer} data */
  constructor({ region, request, tiles }) {
    this.#place = request.location;
    this.#city = new CityMap($("#map"), [region], { center: this.#place, tiles });
    this.#city.marker("pin", this.#place, gettext("Your place"));
  }

  /**
   * A phase has begun, and the panel beside the map may have another size now.
   * @param {Pages.CheerPhase} phase
   */
  enter(phase) {
    if (phase === "looking") {
      this.#rings ??= this.#city.rings(this.#place);
    } else {
      this.#rings?.remove();
      this.#rings = null;
    }
    this.#city.map.invalidateSize({ animate: false });
    if (phase === "on-way" || phase === "running") return;
    this.#partner?.remove();
    this.#partner = null;
  }

  /** Show the place, and the partner if there is one. */
  lookAgain() {
    const at = this.#partner?.getLatLng();
    this.#city.fit(at ? [at, this.#place] : [this.#place]);
  }

  /**
   * @param {Api.Location} at
   * @param {string} name
   */
  paintPartner(at, name) {
    if (!this.#partner) {
      this.#partner = this.#city.marker("partner", at, name);
      this.#city.fit([at, this.#place]);
    } else {
      this.#partner.setLatLng([at.lat, at.lng]);
      if (!this.#city.map.getBounds().pad(-0.15).contains([at.lat, at.lng])) this.lookAgain();
    }
  }
}
