// After the session: a rating and a tip, once each.

import { post } from "./api.js";
import { $, $$, fieldValue, make, show, text, whilePressed } from "./dom.js";
import { minorUnits, money, movable } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { Problem } from "./problem.js";

const TIP_SHARES = [0.2, 0.5, 1]; // of one increment's price

export class Thanks {
  /** @type {Api.Ride | null} */
  #ride = null;
  #ratingForm;
  #onRide;
  #onTip;
  #tipMade = false;

  /**
   * @param {HTMLFormElement} ratingForm
   * @param {object} then
   * @param {(ride: Api.Ride) => void} then.onRide Is handed the rated ride.
   * @param {() => void} then.onTip
   */
  constructor(ratingForm, { onRide, onTip }) {
    this.#ratingForm = ratingForm;
    this.#onRide = onRide;
    this.#onTip = onTip;
    ratingForm.addEventListener("submit", (event) => {
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

  /**
   * Show what is still to be done: `ride` as the server has it, `bill` once it is known.
   * @param {Pick<Pages.CheerState, "ride" | "bill" | "partner">} state
   */
  paint({ ride, bill, partner }) {
    if (!ride) return;
    this.#ride = ride;
    const name = partner?.name ?? gettext("your partner");
    if (partner) text($(".partner-name-text"), partner.name);
    show(this.#ratingForm, ride.rating === null);
    show($("#rated"), ride.rating !== null);
    const rated = { name, rating: ride.rating ?? 0 };
    if (ride.rating !== null) text($("#rated"), fill(gettext("You rated %(name)s %(rating)s out of 5."), rated));
    const given = bill?.lines.find((line) => line.kind === "tip");
    this.#offerTips(ride.tariff);
    show($("#tip-form"), Boolean(bill) && !given);
    show($("#tipped"), Boolean(given));
    if (!given) return;
    const amount = money(given.amount, { short: true });
    text($("#tipped"), fill(gettext("Thanks! Your %(amount)s tip is on its way to %(name)s."), { amount, name }));
  }

  #fillStars() {
    const chosen = Number(fieldValue(this.#ratingForm, "rating"));
    for (const [index, star] of $$(".star").entries()) star.classList.toggle("on", index < chosen);
  }

  /** @param {Api.Tariff} tariff */
  #offerTips({ amount, currency }) {
    if (this.#tipMade) return;
    this.#tipMade = true;
    /**
     * @param {string | number} value
     * @param {string} label
     */
    const choice = (value, label) =>
      make(
        "label",
        { className: "tip" },
        make("input", { type: "radio", name: "tip", value: String(value) }),
        make("span", { textContent: label }),
      );
    const amounts = TIP_SHARES.map((share) => movable(amount * share, currency));
    $("#tip-amounts").append(
      ...amounts.map((minor) => choice(minor, money({ amount: minor, currency }, { short: true }))),
      choice("other", gettext("Other")),
    );
  }

  #chosenTip() {
    return fieldValue($("#tip-form"), "tip");
  }

  #rate() {
    whilePressed(
      $("button", this.#ratingForm),
      async () => {
        const rating = Number(fieldValue(this.#ratingForm, "rating"));
        if (!rating) throw new Problem(gettext("Choose one to five stars first."));
        const comment = $("#comment").value.trim();
        this.#onRide(await post(`/ride/${this.#ride?.rideId}/rating`, { rating, comment }));
      },
      $("#rating-problem"),
    );
  }

  #tip() {
    whilePressed(
      $("button", $("#tip-form")),
      async () => {
        if (!this.#ride) return;
        const { rideId, tariff } = this.#ride;
        let amount = Number(this.#chosenTip());
        if (this.#chosenTip() === "other") amount = minorUnits($("#tip-other").value, tariff.currency);
        if (!(amount > 0)) throw new Problem(gettext("Choose an amount first."));
        await post(`/ride/${rideId}/tip`, { amount });
        this.#onTip();
      },
      $("#tip-problem"),
    );
  }
}
