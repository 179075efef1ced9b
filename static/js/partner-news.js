// What the console hears: the socket's frames, and the answers to its calls. All of it ends up in the store.

import { get } from "./api.js";
import { chime } from "./chime.js";
import { $, announce, pageData, show, showProblem, text } from "./dom.js";
import { money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { isOnline, isOver, withRide } from "./partner-state.js";

/** @import { Store } from "./store.js" */

const WITHDRAWN = {
  cancelled: gettext("They cancelled."),
  expired: gettext("Time's up: this one went to someone else."),
  taken: gettext("The offer was withdrawn."),
};

const pageOf = async (/** @type {Response} */ response) =>
  new DOMParser().parseFromString(await response.text(), "text/html");

export class PartnerNews {
  #store;
  #refreshRide;
  #sendPosition;

  /**
   * @param {Store<Pages.PartnerState>} store
   * @param {object} parts
   * @param {() => Promise<void>} parts.refreshRide Asks how the ride stands.
   * @param {() => void} parts.sendPosition
   */
  constructor(store, { refreshRide, sendPosition }) {
    this.#store = store;
    this.#refreshRide = refreshRide;
    this.#sendPosition = sendPosition;
  }

  get #state() {
    return this.#store.state;
  }

  /** @param {Frames.Partner} frame */
  frame(frame) {
    if (frame.type === "hello") {
      this.#all(frame.partner, frame.offers[0] ?? null, frame.ride);
      if (isOnline(this.#state)) this.#sendPosition();
    } else if (frame.replayed) {
      return; // `hello` has brought the outcome already
    } else if (frame.type === "offer") {
      this.#offer(frame.offer);
    } else if (frame.type === "offer.rescinded" && frame.offerId === this.#state.offer?.offerId) {
      this.offerGone(WITHDRAWN[frame.reason] ?? gettext("The offer was withdrawn."));
    } else if (frame.type === "ride.updated") {
      this.ride(frame.ride, { fresh: false });
    } else if (frame.type === "partner.updated") {
      this.#decision(frame);
    } else if (frame.type === "advice") {
      this.#store.complete({ advice: frame.advice }); // it outdates no answer
    }
  }

  /**
   * Staff have decided: on the application, or that work is over for now.
   * @param {Frames.PartnerUpdated} decision
   */
  #decision({ application, status }) {
    const { partner, offer } = this.#state;
    if (application !== partner.application) location.reload();
    if (status === "offline" && isOnline(this.#state)) announce(gettext("Our staff have taken you offline."));
    this.#store.change({ partner: { ...partner, status }, offer: status === "offline" ? null : offer });
  }

  /**
   * @param {Api.Partner} partner
   * @param {Api.Offer | null} offer
   * @param {Api.Ride | null} ride
   */
  #all(partner, offer, ride) {
    if (this.#state.offer && !offer && !ride) showProblem(WITHDRAWN.expired); // while nobody could be told
    this.#store.change({ partner });
    if (offer?.offerId !== this.#state.offer?.offerId) this.#offer(offer);
    if (ride) this.ride(ride);
    else if (this.#state.ride) void this.#refreshRide(); // it ended while nobody looked: ask how
  }

  /** @param {Api.Offer | null} offer */
  #offer(offer) {
    if (!offer) return this.#store.change({ offer });
    showProblem("");
    show($("#served"), false);
    chime();
    return this.#store.change({ offer, partner: { ...this.#state.partner, status: "offered" } });
  }

  /**
   * The offer has been accepted here.
   * @param {Api.Ride} ride
   * @param {Api.Offer} offer
   */
  accepted(ride, offer) {
    const request = offer.locationWithinM === null ? offer : null; // a rough place is asked for anew
    this.#store.complete({ request, partner: { ...this.#state.partner, status: "busy" } });
    this.ride(ride);
  }

  /**
   * The offer is no longer there to be answered.
   * @param {string} sentence Says why; "" if the partner has declined.
   */
  offerGone(sentence) {
    if (sentence) announce(sentence);
    showProblem(sentence);
    this.#store.change({ offer: null });
    this.refresh().catch(() => {});
  }

  /**
   * @param {Api.Ride} ride
   * @param {{ fresh?: boolean }} [how] An event is not fresh: it tells how the clock stood when it was written.
   */
  ride(ride, { fresh = true } = {}) {
    const changes = withRide(this.#state, ride);
    this.#store.change(changes ?? {});
    if (!changes) return;
    if (isOver(ride)) this.#finished(ride);
    else if (!changes.request) void this.fetchRequest(ride.requestId);
    if (ride.status === "in_progress" && !fresh) void this.#refreshRide();
  }

  /** @param {Api.Id} requestId */
  async fetchRequest(requestId) {
    const request = await get(`/cheerRequest/${requestId}`).catch(() => null);
    if (request && this.#state.ride?.requestId === requestId) this.#store.complete({ request });
  }

  /** @param {Api.Ride} ride */
  #finished({ status, fare }) {
    const made = status === "completed" && fare;
    const sentence = made
      ? fill(gettext("Nice work! The fare was %(fare)s. Your share is below."), { fare: money(made) })
      : gettext("This cheer was cancelled.");
    text($("#served"), sentence);
    $("#served").classList.toggle("success", Boolean(made));
    show($("#served"));
    announce(sentence);
    this.refresh().catch(() => {});
    void this.#refreshEarnings();
  }

  /** Ask how everything stands, without the socket. */
  async refresh() {
    const asked = async () => {
      const { partner } = await get("/me");
      if (partner?.application !== "approved") location.reload();
      return partner;
    };
    const known = await this.#store.ask(asked, (partner) => partner && this.#store.complete({ partner }));
    if (!known) return;
    if (this.#state.ride) await this.#refreshRide();
    else if (this.#state.partner.status === "offered" && !this.#state.offer) await this.#refreshFromPage();
  }

  /** Without a socket, only the page itself has the offer. */
  async #refreshFromPage() {
    const page = await pageOf(await fetch("/partner", { cache: "no-store" }));
    /** @type {Pages.Partner} */
    const { partner, offers, ride } = pageData(page);
    this.#all(partner, offers[0] ?? null, ride);
  }

  async #refreshEarnings() {
    const response = await fetch("/partner/earnings").catch(() => null);
    if (response?.ok) $("#earnings").replaceChildren(...(await pageOf(response)).body.children);
  }
}
