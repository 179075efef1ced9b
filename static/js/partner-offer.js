// The offer: what is asked, what it pays, and how long there is to answer.

import { ApiError, post } from "./api.js";
import { $, announce, kindIcon, show, showProblem, text, whilePressed } from "./dom.js";
import { distance, eta, money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { serverNow } from "./server-clock.js";
import { slide } from "./slide.js";
import { whyYou } from "./why.js";

/** @param {Api.Offer} offer */
const leftS = (offer) => (Date.parse(offer.expiresAt) - serverNow()) / 1000;

/**
 * What the partner is paid, like "$8 / 5 min". An offer that the previous release wrote does not say it.
 * @param {Api.Offer} offer
 */
function pays({ share, tariff }) {
  return share && tariff ? `${money(share, { short: true })} / ${Math.round(tariff.incrementS / 6) / 10} min` : "";
}

export class OfferPanel {
  #data;
  #on;
  /** @type {Api.Offer | null} */
  #shown = null;

  /**
   * @param {Pages.Partner} data
   * @param {object} on
   * @param {(ride: Api.Ride, offer: Api.Offer) => void} on.accepted
   * @param {(sentence: string) => void} on.gone The offer is no longer there to be answered.
   */
  constructor(data, on) {
    this.#data = data;
    this.#on = on;
    slide($("#slide"), $("#accept"), {
      done: () => this.#answer($("#accept"), (offer) => this.#accept(offer)),
      onTap: () => text($("#slide-hint"), gettext("Slide, or tap once more")),
    });
    $("#decline").addEventListener("click", () => this.#answer($("#decline"), (offer) => this.#decline(offer)));
    setInterval(() => this.#shown && this.#count(this.#shown), 250);
  }

  /** @param {Api.Offer | null} offer */
  paint(offer) {
    if (this.#shown?.offerId === offer?.offerId) return;
    this.#shown = offer;
    if (offer) this.#paintNew(offer);
  }

  /** @param {Api.Offer} offer */
  #paintNew(offer) {
    text($("#slide-hint"), gettext("Slide to accept"));
    $("#decline-reason").value = "";
    showProblem("", $("#offer-problem"));
    const kind = this.#data.types[offer.requestType] ?? { name: offer.requestType, icon: "🎉" };
    $("#offer-icon").replaceChildren(kindIcon(offer.requestType, kind));
    text($("#offer-title"), kind.name);
    text($("#offer-distance"), distance(offer.distanceM));
    text($("#offer-eta"), eta(offer.etaS));
    text($("#offer-pays"), pays(offer));
    text($("#offer-why"), whyYou(offer));
    show($("#offer-why"), Boolean(offer.why));
    const rough = offer.locationWithinM ? gettext("You are told the exact place and the note when you accept.") : "";
    text($("#offer-note"), offer.note || rough);
    show($("#offer-note"), Boolean(offer.note || rough));
    announce(
      fill(gettext("New offer: %(kind)s, %(distance)s away. %(seconds)s seconds to answer."), {
        kind: kind.name,
        distance: distance(offer.distanceM),
        seconds: Math.round(leftS(offer)),
      }),
    );
    this.#count(offer);
  }

  /** @param {Api.Offer} offer */
  #count(offer) {
    const left = leftS(offer);
    text($("#countdown"), String(Math.max(0, Math.ceil(left))));
    const share = Math.max(0, Math.min(1, left / this.#data.offerTtlS));
    $("#countdown-ring").setAttribute("stroke-dashoffset", String(100 * (1 - share)));
    // The server takes it back at about the same moment; should that word get lost, this is it.
    if (left < -2) this.#on.gone(gettext("Time's up: this one went to someone else."));
  }

  /**
   * @param {HTMLElement} button
   * @param {(offer: Api.Offer) => Promise<void>} action
   */
  #answer(button, action) {
    const answer = async () => {
      const offer = this.#shown;
      if (!offer) return;
      try {
        await action(offer);
      } catch (error) {
        if (!(error instanceof ApiError) || this.#shown?.offerId !== offer.offerId) throw error;
        this.#on.gone(error.sentence); // the server says that it is no longer ours to answer
      }
    };
    whilePressed(button, answer, $("#offer-problem"));
  }

  /** @param {Api.Offer} offer */
  async #accept(offer) {
    this.#on.accepted(await post("/rideAccept", { offerId: offer.offerId }), offer);
  }

  /** @param {Api.Offer} offer */
  async #decline(offer) {
    await post("/rideDecline", { offerId: offer.offerId, reason: $("#decline-reason").value });
    this.#on.gone("");
  }
}
