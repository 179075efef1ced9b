// The payment provider in the page: its own library with real keys, or the stand-in on this machine, spoken to directly.

import { $ } from "./dom.js";
import { gettext, language } from "./i18n.js";

class Refused extends Error {
  constructor(sentence) {
    super(sentence);
    this.sentence = sentence;
  }
}

/** The real one: the card is typed into the provider's own frame. */
class Stripe {
  constructor(key) {
    this.stripe = window.Stripe(key, { locale: language });
  }

  mount(place) {
    this.card = this.stripe.elements().create("card");
    this.card.mount(place);
  }

  #taken({ error, ...result }) {
    if (error) throw new Refused(error.message);
    return result;
  }

  async save(clientSecret) {
    this.#taken(await this.stripe.confirmCardSetup(clientSecret, { payment_method: { card: this.card } }));
  }

  async confirm(clientSecret, card) {
    this.#taken(await this.stripe.confirmCardPayment(clientSecret, card ? { payment_method: card } : undefined));
  }
}

/** The stand-in: the same calls as the provider's library makes, with test cards. */
class Demo {
  constructor(key, base) {
    Object.assign(this, { key, base });
  }

  mount() {}

  async #call(path, clientSecret, fields = {}) {
    const answer = await fetch(`${this.base}/v1/${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.key}`, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ client_secret: clientSecret, ...fields }),
    }).catch(() => {
      throw new Refused(gettext("The payment provider can't be reached. Please try again."));
    });
    const body = await answer.json();
    if (body.error) throw new Refused(body.error.message);
    return body;
  }

  async #finish(kind, clientSecret, fields) {
    const id = clientSecret.split("_secret_")[0];
    let thing = await this.#call(`${kind}/${id}/confirm`, clientSecret, fields);
    if (thing.status === "requires_action") {
      thing = await this.#call(`${kind}/${id}/answer`, clientSecret, { agrees: String(await askTheHolder()) });
    }
    if (thing.status === "requires_payment_method") throw new Refused(gettext("Your bank was not convinced. Try again."));
  }

  async save(clientSecret) {
    const number = $("#card-number").value.replaceAll(" ", "");
    await this.#finish("setup_intents", clientSecret, { "payment_method_data[card][number]": number });
  }

  async confirm(clientSecret, card) {
    await this.#finish("payment_intents", clientSecret, card ? { payment_method: card } : {});
  }
}

/** What the holder says in their bank's window. */
function askTheHolder() {
  const bank = $("#bank");
  bank.showModal();
  return new Promise((resolve) => {
    const done = (answer) => {
      bank.close();
      resolve(answer);
    };
    for (const button of bank.querySelectorAll("[data-answer]")) {
      button.onclick = () => done(button.dataset.answer === "true");
    }
    bank.oncancel = () => resolve(false);
  });
}

export function provider({ publishableKey, demoBase }) {
  return demoBase ? new Demo(publishableKey, demoBase) : new Stripe(publishableKey);
}
