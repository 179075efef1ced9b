// The payment provider in the page: its own library with real keys, or the stand-in on this machine, spoken to directly.

import { $, $$ } from "./dom.js";
import { gettext, language } from "./i18n.js";
import { Problem } from "./problem.js";

/**
 * @typedef {object} Provider
 * @property {(place: string) => void} mount Lets a card be typed in there.
 * @property {(clientSecret: string) => Promise<void>} save Saves the typed card.
 * @property {(clientSecret: string, card: string | null) => Promise<void>} confirm Confirms a payment, with `card` if it
 *   must be named.
 */

/** @param {Stripe.Answer} answer */
function assertTaken({ error }) {
  if (error) throw new Problem(error.message);
}

/**
 * The real one: the card is typed into the provider's own frame.
 * @implements {Provider}
 */
class RealProvider {
  #stripe;
  #card;

  /** @param {string} key */
  constructor(key) {
    this.#stripe = window.Stripe(key, { locale: language });
    this.#card = this.#stripe.elements().create("card");
  }

  /** @param {string} place */
  mount(place) {
    this.#card.mount(place);
  }

  /** @param {string} clientSecret */
  async save(clientSecret) {
    assertTaken(await this.#stripe.confirmCardSetup(clientSecret, { payment_method: { card: this.#card } }));
  }

  /**
   * @param {string} clientSecret
   * @param {string | null} card
   */
  async confirm(clientSecret, card) {
    assertTaken(await this.#stripe.confirmCardPayment(clientSecret, card ? { payment_method: card } : undefined));
  }
}

/**
 * The stand-in: the same calls as the provider's library makes, with test cards.
 * @implements {Provider}
 */
class DemoProvider {
  #key;
  #base;

  /**
   * @param {string} key
   * @param {string} base
   */
  constructor(key, base) {
    this.#key = key;
    this.#base = base;
  }

  mount() {}

  /**
   * @param {string} path
   * @param {string} clientSecret
   * @param {Record<string, string>} fields
   */
  async #call(path, clientSecret, fields) {
    const answer = await fetch(`${this.#base}/v1/${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#key}`, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ client_secret: clientSecret, ...fields }),
    }).catch(() => {
      throw new Problem(gettext("The payment provider can't be reached. Please try again."));
    });
    const body = await answer.json();
    assertTaken(body);
    return body;
  }

  /**
   * @param {"setup_intents" | "payment_intents"} kind
   * @param {string} clientSecret
   * @param {Record<string, string>} fields
   */
  async #finish(kind, clientSecret, fields) {
    const id = clientSecret.split("_secret_")[0];
    let thing = await this.#call(`${kind}/${id}/confirm`, clientSecret, fields);
    if (thing.status === "requires_action") {
      thing = await this.#call(`${kind}/${id}/answer`, clientSecret, { agrees: String(await askTheHolder()) });
    }
    if (thing.status === "requires_payment_method")
      throw new Problem(gettext("Your bank didn't confirm it was you. Try again, or use another card."));
  }

  /** @param {string} clientSecret */
  async save(clientSecret) {
    const number = $("#card-number").value.replaceAll(" ", "");
    await this.#finish("setup_intents", clientSecret, { "payment_method_data[card][number]": number });
  }

  /**
   * @param {string} clientSecret
   * @param {string | null} card
   */
  async confirm(clientSecret, card) {
    await this.#finish("payment_intents", clientSecret, card ? { payment_method: card } : {});
  }
}

/**
 * What the holder says in their bank's window.
 * @returns {Promise<boolean>}
 */
function askTheHolder() {
  const bank = $("#bank");
  bank.showModal();
  return new Promise((resolve) => {
    /** @param {boolean} answer */
    const done = (answer) => {
      bank.close();
      resolve(answer);
    };
    for (const button of $$("[data-answer]", bank)) button.onclick = () => done(button.dataset.answer === "true");
    bank.oncancel = () => resolve(false);
  });
}

/**
 * @param {Pages.Payment} data
 * @returns {Provider}
 */
export function provider({ publishableKey, demoBase }) {
  return demoBase ? new DemoProvider(publishableKey, demoBase) : new RealProvider(publishableKey);
}
