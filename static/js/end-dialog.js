// Ending the session, as its partner or its user: what it costs so far is shown first.

import { post } from "./api.js";
import { $, text, whilePressed } from "./dom.js";
import { clock, money } from "./format.js";
import { fill, gettext } from "./i18n.js";

/** @import { Meter } from "./meter.js" */

export class EndDialog {
  #dialog = $("#end-dialog");
  #about;

  /**
   * @param {object} about
   * @param {Meter} about.meter
   * @param {() => Api.Id | undefined} about.rideId
   * @param {(ride: Api.Ride) => void} about.onRide Is handed the ride that has ended.
   * @param {() => void} about.refresh Asks how the ride stands.
   */
  constructor(about) {
    this.#about = about;
    $("#end").addEventListener("click", () => this.#ask());
    $("#end-keep").addEventListener("click", () => this.close());
    $("#end-confirm").addEventListener("click", () => whilePressed($("#end-confirm"), () => this.#end()));
    setInterval(() => this.#dialog.open && this.#paint(), 500);
  }

  close() {
    this.#dialog.close();
  }

  #ask() {
    this.#paint();
    this.#dialog.showModal();
  }

  #paint() {
    const { fare, elapsedS } = this.#about.meter;
    text(
      $("#end-terms"),
      fare
        ? fill(gettext("%(time)s so far: that is %(fare)s. The clock stops and the bill is made."), {
            time: clock(elapsedS),
            fare: money(fare),
          })
        : gettext("The clock stops and the bill is made."),
    );
  }

  async #end() {
    const { onRide, refresh, rideId } = this.#about;
    try {
      onRide(await post("/rideEnd", { rideId: rideId() }));
    } catch (error) {
      refresh(); // it may be over already
      throw error;
    } finally {
      this.close(); // the problem, if any, is told on the page behind it
    }
  }
}
