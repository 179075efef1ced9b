// Where this partner is: from the device, or where that is refused, from a click on the map. Sent every few seconds.

import { post } from "./api.js";
import { follow } from "./geolocation.js";

const SEND_EVERY_MS = 4000;
const SETTLE_MS = 2500;
const SETTLE_FIRST_MS = 10_000; // somebody may have to answer the browser's question first

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Positions {
  #socket;
  #onChange;
  /** @type {(() => void) | null} */
  #stopFollowing = null;
  #sending = false;
  /** @type {Api.Location | null} */
  place = null;
  byDevice = false; // whether `place` is the device's own
  problem = ""; // why the device's own position can't be had

  /**
   * @param {object} about
   * @param {{ send(frame: Frames.Command): boolean }} about.socket
   * @param {() => boolean} about.wanted Whether positions are to be sent now.
   * @param {() => void} about.onChange Is told of each new place or problem.
   * @param {Api.Location | null} about.lastKnown
   */
  constructor({ socket, wanted, onChange, lastKnown }) {
    this.#socket = socket;
    this.#onChange = onChange;
    this.place = lastKnown;
    setInterval(() => wanted() && this.send().catch(() => {}), SEND_EVERY_MS);
  }

  /** Ask the device, which may ask the user. */
  start() {
    this.#stopFollowing ??= follow(
      ({ lat, lng }) => this.#take({ lat, lng }, true),
      (problem) => {
        this.problem = problem.sentence;
        this.byDevice = false;
        this.#onChange();
      },
    );
  }

  /** Wait for the device's word, whichever it is; where a place is known already, only briefly. */
  async settle() {
    const deadline = Date.now() + (this.place ? SETTLE_MS : SETTLE_FIRST_MS);
    while (!this.byDevice && !this.problem && Date.now() < deadline) await pause(100);
  }

  /**
   * The user says where they are; the device knows better, if it knows.
   * @param {Api.Location} place
   */
  setByHand(place) {
    if (this.byDevice) return false;
    this.#take(place, false);
    return true;
  }

  /**
   * @param {Api.Location} place
   * @param {boolean} byDevice
   */
  #take(place, byDevice) {
    this.place = place;
    this.byDevice = byDevice;
    if (byDevice) this.problem = "";
    this.#onChange();
  }

  /** Send the present place: over the socket, or by a call while that is away. */
  async send() {
    if (!this.place || this.#sending) return;
    const location = { lat: this.place.lat, lng: this.place.lng };
    // Without recordedAt: a partner who stands still is still there now.
    if (this.#socket.send({ type: "location", location })) return;
    this.#sending = true;
    try {
      await post("/updateLocation", { location });
    } finally {
      this.#sending = false;
    }
  }
}
