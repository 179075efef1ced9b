// The wait at the place: how long it lasts, what the user says, and the report that nobody came.

import { post } from "./api.js";
import { $, show, text, whilePressed } from "./dom.js";
import { clock } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { serverNow } from "./server-clock.js";

export class NoShow {
  #dialog = $("#no-show-dialog");
  #on;
  /** @type {Api.Ride | null} */
  #ride = null;

  /** @param {{ ride: (ride: Api.Ride) => void, refresh: () => void }} on */
  constructor(on) {
    this.#on = on;
    $("#no-show").addEventListener("click", () => this.#dialog.showModal());
    $("#no-show-keep").addEventListener("click", () => this.#dialog.close());
    $("#no-show-confirm").addEventListener("click", () => whilePressed($("#no-show-confirm"), () => this.#report()));
    setInterval(() => this.#ride && this.#paintWait(this.#ride), 500);
  }

  /** @param {Api.Ride | null} ride */
  paint(ride) {
    this.#ride = ride?.status === "en_route" && (ride.arrivedAt || ride.disputedAt) ? ride : null;
    show($("#arrival-card"), Boolean(this.#ride));
    if (this.#ride) this.#paintWait(this.#ride);
    if (!this.#ride?.noShowAt) this.#dialog.close();
  }

  /** @param {Api.Ride} ride */
  #paintWait(ride) {
    const leftS = ride.noShowAt ? Math.ceil((Date.parse(ride.noShowAt) - serverNow()) / 1000) : Infinity;
    show($("#no-show"), leftS <= 0);
    text($("#arrival-text"), waitText(ride, leftS));
  }

  async #report() {
    try {
      this.#on.ride(await post("/rideNoShow", { rideId: this.#ride?.rideId }));
    } catch (error) {
      this.#on.refresh();
      throw error;
    } finally {
      this.#dialog.close(); // the problem, if any, is told on the page behind it
    }
  }
}

/**
 * @param {Api.Ride} ride
 * @param {number} leftS Until a no-show may be reported.
 */
function waitText(ride, leftS) {
  if (ride.disputedAt) return gettext("Your user says that nobody is there. Look for them, and ask for their PIN.");
  const said = ride.userHereAt ? gettext("Your user says that they are there.") : "";
  if (leftS <= 0) return `${said} ${gettext("You have waited long enough.")}`.trim();
  const wait = gettext("If nobody comes, you can report it in %(time)s.");
  return `${said} ${fill(wait, { time: clock(leftS) })}`.trim();
}
