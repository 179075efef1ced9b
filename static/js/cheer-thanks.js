// After the session: a rating and a tip, once each.

import { post } from "./api.js";
import { $, $$, make, show, text, whilePressed } from "./dom.js";
import { minorDigits, money } from "./format.js";
import { fill, gettext } from "./i18n.js";

const TIP_SHARES = [0.2, 0.5, 1]; // of one increment's price

export class Thanks {
  #ride = null;
  #onRide;
  #onTip;
  #tipMade = false;

  constructor({ onRide, onTip }) {
    this.#onRide = onRide;
    this.#onTip = onTip;
    $("#rating-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#rate();
    });
    $("#tip-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tip();
    });
    $("#tip-form").addEventListener("change", () => {
      const other = this.#chosenTip() === "other";
      show($("#tip-other-field"), other);
      if (other) $("#tip-other").focus();
    });
    $(".stars").addEventListener("change", () => this.#fillStars());
  }

  /** Show what is still to be done: `ride` as the server has it, `bill` once it is known. */
  paint({ ride, bill, partner }) {
    if (!ride) return;
    this.#ride = ride;
    if (partner) text($(".partner-name-text"), partner.name);
    show($("#rating-form"), ride.rating === null);
    show($("#rated"), ride.rating !== null);
    if (ride.rating !== null) text($("#rated"), fill(gettext("You gave %(rating)s of 5. Thank you."), ride));
    const given = bill?.lines.find((line) => line.kind === "tip");
    this.#offerTips(ride.tariff);
    show($("#tip-form"), Boolean(bill) && !given);
    show($("#tipped"), Boolean(given));
    if (given) text($("#tipped"), fill(gettext("You tipped %(amount)s. That is kind."), { amount: money(given.amount, { short: true }) }));
  }

  #fillStars() {
    const chosen = Number(new FormData($("#rating-form")).get("rating"));
    $$(".star").forEach((star, index) => star.classList.toggle("on", index < chosen));
  }

  #offerTips({ amount, currency }) {
    if (this.#tipMade) return;
    this.#tipMade = true;
    const choice = (value, label) =>
      make(
        "label",
        { className: "tip" },
        make("input", { type: "radio", name: "tip", value: String(value) }),
        make("span", { textContent: label }),
      );
    const amounts = TIP_SHARES.map((share) => Math.max(1, Math.round(amount * share)));
    $("#tip-amounts").append(
      ...amounts.map((minor) => choice(minor, money({ amount: minor, currency }, { short: true }))),
      choice("other", gettext("Other")),
    );
  }

  #chosenTip() {
    return new FormData($("#tip-form")).get("tip");
  }

  #rate() {
    whilePressed(
      $("button", $("#rating-form")),
      async () => {
        const rating = Number(new FormData($("#rating-form")).get("rating"));
        if (!rating) throw Object.assign(new Error("no stars"), { sentence: gettext("Choose one to five stars first.") });
        this.#onRide(await post(`/ride/${this.#ride.rideId}/rating`, { rating, comment: $("#comment").value.trim() }));
      },
      $("#rating-problem"),
    );
  }

  #tip() {
    whilePressed(
      $("button", $("#tip-form")),
      async () => {
        const { currency } = this.#ride.tariff;
        let amount = Number(this.#chosenTip());
        if (this.#chosenTip() === "other")
          amount = Math.round(Number.parseFloat($("#tip-other").value.replace(",", ".")) * 10 ** minorDigits(currency));
        if (!(amount > 0)) throw Object.assign(new Error("no amount"), { sentence: gettext("Choose an amount first.") });
        await post(`/ride/${this.#ride.rideId}/tip`, { amount });
        this.#onTip();
      },
      $("#tip-problem"),
    );
  }
}
