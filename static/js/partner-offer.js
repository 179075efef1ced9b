// The offer: what is asked, what it pays, and how long there is to answer.

import { post } from "./api.js";
import { $, announce, kindIcon, show, showProblem, text, whilePressed } from "./dom.js";
import { distance, eta, money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { regionAt } from "./map.js";
import { serverNow } from "./server-clock.js";
import { slide } from "./slide.js";

export class OfferPanel {
  #data;
  #on;
  #shown = null;

  /** `on`: `accepted(ride)`, `gone()`: the offer is no longer there to be answered. */
  constructor(data, on) {
    this.#data = data;
    this.#on = on;
    slide($("#slide"), $("#accept"), {
      done: () => this.#answer($("#accept"), () => this.#accept()),
      onTap: () => text($("#slide-hint"), gettext("Slide, or tap once more")),
    });
    $("#decline").addEventListener("click", () => this.#answer($("#decline"), () => this.#decline()));
    setInterval(() => this.#count(), 250);
  }

  paint(offer) {
    if (this.#shown?.offerId === offer?.offerId) return;
    this.#shown = offer;
    if (!offer) return;
    text($("#slide-hint"), gettext("Slide to accept"));
    showProblem("", $("#offer-problem"));
    const kind = this.#data.types[offer.requestType] ?? { name: offer.requestType, icon: "🎉" };
    const tariff = regionAt(this.#data.regions, offer.location)?.tariff;
    $("#offer-icon").replaceChildren(kindIcon(offer.requestType, kind));
    text($("#offer-title"), kind.name);
    text($("#offer-distance"), distance(offer.distanceM));
    text($("#offer-eta"), eta(offer.etaS));
    text(
      $("#offer-pays"),
      tariff ? `${money(tariff, { short: true })} / ${Math.round(tariff.incrementS / 6) / 10} min` : "",
    );
    text($("#offer-note"), offer.note);
    show($("#offer-note"), Boolean(offer.note));
    announce(
      fill(gettext("New offer: %(kind)s, %(distance)s away. %(seconds)s seconds to answer."), {
        kind: kind.name,
        distance: distance(offer.distanceM),
        seconds: Math.round(this.#leftS()),
      }),
    );
    this.#count();
  }

  #leftS() {
    return (Date.parse(this.#shown.expiresAt) - serverNow()) / 1000;
  }

  #count() {
    if (!this.#shown) return;
    const left = this.#leftS();
    text($("#countdown"), String(Math.max(0, Math.ceil(left))));
    const share = Math.max(0, Math.min(1, left / this.#data.offerTtlS));
    $("#countdown-ring").setAttribute("stroke-dashoffset", String(100 * (1 - share)));
    // The server takes it back at about the same moment; should that word get lost, this is it.
    if (left < -2) this.#on.gone(gettext("The time to answer was over."));
  }

  #answer(button, action) {
    const answer = async () => {
      const offer = this.#shown;
      try {
        await action();
      } catch (error) {
        if (!error.status || this.#shown?.offerId !== offer?.offerId) throw error;
        this.#on.gone(error.sentence); // the server says that it is no longer ours to answer
      }
    };
    whilePressed(button, answer, $("#offer-problem"));
  }

  async #accept() {
    const offer = this.#shown;
    this.#on.accepted(await post("/rideAccept", { offerId: offer.offerId }), offer);
  }

  async #decline() {
    await post("/rideDecline", { offerId: this.#shown.offerId });
    this.#on.gone("");
  }
}
