// The session's clock and price. The price is always the server's; only the clock ticks here, between its answers.

import { $, text } from "./dom.js";
import { clock, money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { SessionClock } from "./session-clock.js";

const TICK_MS = 250;
const WARN_S = 180; // before a session outgrows what is held on the card

export class Meter {
  /** @type {SessionClock | null} */
  #session = null;
  #refresh;

  /** @param {() => void} refresh Fetches the ride anew and hands it to `show`. */
  constructor(refresh) {
    this.#refresh = refresh;
    setInterval(() => this.#session && this.#tick(this.#session), TICK_MS);
  }

  /**
   * Show a running ride as the server has just described it.
   * @param {Api.Ride} ride
   */
  show(ride) {
    this.#session = new SessionClock(ride, performance.now());
    this.#paint(this.#session);
  }

  stop() {
    this.#session = null;
  }

  get elapsedS() {
    return this.#session?.elapsedS(performance.now()) ?? 0;
  }

  get fare() {
    return this.#session?.ride.fare ?? null;
  }

  /** @param {SessionClock} session */
  #tick(session) {
    if (session.asks(performance.now())) this.#refresh();
    if (this.#session) this.#paint(this.#session);
  }

  /** @param {SessionClock} session */
  #paint(session) {
    const now = performance.now();
    const { tariff, fare } = session.ride;
    const into = session.intoIncrementS(now);
    text($("#clock"), clock(session.elapsedS(now)));
    text($("#fare"), fare ? money(fare) : "");
    const leftS = session.coveredS(now);
    const next = { amount: money(tariff, { short: true }), time: clock(Math.ceil(tariff.incrementS - into)) };
    const warning = gettext("Your card covers %(time)s more. The cheer ends then, unless more can be held.");
    const sentence =
      leftS < WARN_S ? fill(warning, { time: clock(leftS) }) : fill(gettext("Next %(amount)s in %(time)s"), next);
    text($("#next-step"), sentence);
    $("#increment-bar").style.transform = `scaleX(${into / tariff.incrementS})`;
  }
}
