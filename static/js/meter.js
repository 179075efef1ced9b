// The session's clock and price. The price is always the server's; only the clock ticks here, between its answers.

import { $, text } from "./dom.js";
import { clock, money } from "./format.js";
import { fill, gettext } from "./i18n.js";

const WARN_S = 180; // before a session outgrows what is held on the card

export class Meter {
  #ride = null;
  #takenAt = 0;
  #askedAt = 0;
  #refresh;

  /** `refresh()` fetches the ride anew and hands it to `show`. */
  constructor(refresh, { everyMs = 5000 } = {}) {
    this.#refresh = refresh;
    setInterval(() => this.#tick(everyMs), 250);
  }

  /** Show a running ride as the server has just described it. */
  show(ride) {
    this.#ride = ride;
    this.#takenAt = this.#askedAt = performance.now();
    this.#paint();
  }

  stop() {
    this.#ride = null;
  }

  get elapsedS() {
    return this.#ride ? this.#ride.elapsedS + (performance.now() - this.#takenAt) / 1000 : 0;
  }

  get fare() {
    return this.#ride?.fare ?? null;
  }

  #tick(everyMs) {
    if (!this.#ride) return;
    const asked = performance.now() - this.#askedAt;
    const { incrementS } = this.#ride.tariff;
    const began = Math.floor(this.elapsedS / incrementS) > Math.floor(this.#ride.elapsedS / incrementS);
    // A new increment has begun by this clock: ask at once what it costs.
    if (asked > everyMs || (began && asked > 1000)) {
      this.#askedAt = performance.now();
      this.#refresh();
    }
    this.#paint();
  }

  #paint() {
    const { tariff, fare, startTime, coveredUntil } = this.#ride;
    const into = this.elapsedS % tariff.incrementS;
    text($("#clock"), clock(this.elapsedS));
    text($("#fare"), fare ? money(fare) : "");
    const coveredS = coveredUntil ? (Date.parse(coveredUntil) - Date.parse(startTime)) / 1000 : Infinity;
    const leftS = Math.max(0, Math.ceil(coveredS - this.elapsedS));
    const next = { amount: money(tariff, { short: true }), time: clock(Math.ceil(tariff.incrementS - into)) };
    const warning = gettext("The card covers %(time)s more. It ends then, unless more can be held.");
    text($("#next-step"), leftS < WARN_S ? fill(warning, { time: clock(leftS) }) : fill(gettext("Next %(amount)s in %(time)s"), next));
    $("#increment-bar").style.transform = `scaleX(${into / tariff.incrementS})`;
  }
}
