// A running session's clock between two answers of the server. Its price is always the server's.

export const ASK_EVERY_MS = 5000;
const ASK_AGAIN_MS = 1000;

/** Moments are milliseconds of one clock that never goes back, such as `performance.now()`. */
export class SessionClock {
  #takenAt;
  #askedAt;

  /**
   * @param {Api.Ride} ride A running ride, as the server has just described it.
   * @param {number} now
   */
  constructor(ride, now) {
    this.ride = ride;
    this.#takenAt = now;
    this.#askedAt = now;
  }

  /** @param {number} now */
  elapsedS(now) {
    return this.ride.elapsedS + (now - this.#takenAt) / 1000;
  }

  /** @param {number} now */
  intoIncrementS(now) {
    return this.elapsedS(now) % this.ride.tariff.incrementS;
  }

  /**
   * How long the card still covers the session.
   * @param {number} now
   * @returns {number} Whole seconds; Infinity if nothing limits it.
   */
  coveredS(now) {
    const { coveredUntil, startTime } = this.ride;
    if (!coveredUntil || !startTime) return Infinity;
    const coveredS = (Date.parse(coveredUntil) - Date.parse(startTime)) / 1000;
    return Math.max(0, Math.ceil(coveredS - this.elapsedS(now)));
  }

  /**
   * Whether the server is to be asked anew: every few seconds, and soon after an increment has begun by this clock.
   * A yes counts as asked.
   * @param {number} now
   */
  asks(now) {
    const sinceMs = now - this.#askedAt;
    const { incrementS } = this.ride.tariff;
    const began = Math.floor(this.elapsedS(now) / incrementS) > Math.floor(this.ride.elapsedS / incrementS);
    if (sinceMs <= ASK_EVERY_MS && !(began && sinceMs > ASK_AGAIN_MS)) return false;
    this.#askedAt = now;
    return true;
  }
}
