// The switch between online and offline.

import { post } from "./api.js";
import { arm } from "./chime.js";
import { $, announce, whilePressed } from "./dom.js";
import { gettext } from "./i18n.js";
import { isOnline } from "./partner-state.js";
import { Problem } from "./problem.js";

/**
 * @import { Positions } from "./positions.js"
 * @import { Store } from "./store.js"
 */

export class WorkSwitch {
  #store;
  #positions;

  /**
   * @param {Store<Pages.PartnerState>} store
   * @param {Positions} positions
   */
  constructor(store, positions) {
    this.#store = store;
    this.#positions = positions;
    const button = $("#online");
    button.addEventListener("click", () =>
      whilePressed(button, () => (isOnline(store.state) ? this.#turn("offline") : this.#begin())),
    );
  }

  async #begin() {
    arm();
    this.#positions.start();
    await this.#positions.settle();
    if (!this.#positions.place) {
      $("#map").focus();
      throw new Problem(gettext("We need to know where you are: allow your location, or tap the map."));
    }
    await this.#positions.send();
    await this.#turn("available");
  }

  /** @param {"available" | "offline"} status */
  async #turn(status) {
    this.#store.change(); // what was asked before this is outdated
    const partner = await post("/partner/status", { status });
    this.#store.change(status === "offline" ? { partner, offer: null } : { partner });
    announce(isOnline(this.#store.state) ? gettext("You are online.") : gettext("You are offline."));
  }
}
