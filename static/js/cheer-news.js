// What the cheer page hears: the socket's frames, and the answers to its calls. All of it ends up in the store.

import { ApiError, get } from "./api.js";
import { isOurs, phaseOf, withRequest } from "./cheer-state.js";

/** @import { Store } from "./store.js" */

export class CheerNews {
  #store;
  #id;

  /** @param {Store<Pages.CheerState>} store */
  constructor(store) {
    this.#store = store;
    this.#id = store.state.request.requestId;
  }

  get #state() {
    return this.#store.state;
  }

  /** @param {Frames.User} frame */
  frame(frame) {
    if (frame.type === "hello") {
      this.#hello(frame);
    } else if (frame.replayed) {
      return; // `hello` has brought the outcome already
    } else if (frame.type === "request.updated") {
      this.request(frame.request);
    } else if (frame.type === "ride.updated") {
      this.ride(frame.ride, { fresh: false });
    } else if (frame.type === "payment.updated" && this.#state.request.rideId) {
      void this.fetchBill();
    } else if (frame.type === "partner.location" && frame.partnerId === this.#state.partner?.partnerId) {
      this.#store.complete({ partnerAt: frame.location });
    }
  }

  /** @param {Frames.UserHello} frame */
  #hello({ request, ride }) {
    if (request?.requestId === this.#id) {
      this.request(request);
      if (ride) this.ride(ride);
    } else {
      // Nothing of ours is open: it has ended, perhaps while nobody looked.
      this.#refreshRequest().catch(() => {});
    }
  }

  /** @param {Api.CheerRequest} request */
  request(request) {
    if (request.requestId !== this.#id) return;
    if (request.hold?.confirmUrl) {
      location.assign(request.hold.confirmUrl);
      return;
    }
    this.#store.change(withRequest(this.#state, request));
    if (request.rideId && this.#state.ride?.rideId !== request.rideId) void this.refreshRide();
  }

  /**
   * @param {Api.Ride} ride
   * @param {{ fresh?: boolean }} [how] An event is not fresh: it tells how the clock stood when it was written.
   */
  ride(ride, { fresh = true } = {}) {
    if (!isOurs(this.#state, ride)) return;
    this.#store.change({ ride });
    if (ride.status === "in_progress" && !fresh) void this.refreshRide();
  }

  /**
   * The user has done something with the ride, which may have ended, and the request with it.
   * @param {Api.Ride} ride
   */
  acted(ride) {
    this.ride(ride);
    if (ride.status === "completed") this.#refreshRequest().catch(() => {}); // an event tells it as well
  }

  async #refreshRequest() {
    await this.#store.ask(
      () => get(`/cheerRequest/${this.#id}`),
      (request) => this.request(request),
    );
  }

  async refreshRide() {
    const { rideId } = this.#state.request;
    if (!rideId) return;
    try {
      await this.#store.ask(
        () => get(`/ride/${rideId}`),
        (ride) => this.ride(ride),
      );
    } catch (error) {
      console.info("The ride could not be refreshed; the next try may do.", error);
    }
  }

  async fetchBill() {
    try {
      this.#store.complete({ bill: await get(`/ride/${this.#state.request.rideId}/receipt`) });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) console.info("No bill yet.", error);
    }
  }

  /** Ask how everything stands, without the socket. */
  async refresh() {
    await this.#refreshRequest();
    const { request, partnerAt } = this.#state;
    if (phaseOf(this.#state) === "on-way")
      this.#store.complete({ partnerAt: request.partner?.currentLocation ?? partnerAt });
    if (request.status === "accepted") await this.refreshRide();
  }
}
