// A bank wants its customer: confirm a payment, or what is held at booking.

import { post } from "./api.js";
import { provider } from "./card-provider.js";
import { $, pageData, whilePressed } from "./dom.js";

/** @type {Pages.ConfirmPayment} */
const data = pageData();
const bank = provider(data);
const form = $("#confirm-form");
const button = $("button[type=submit]", form);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  whilePressed(button, async () => {
    const { clientSecret, cardReference } = await post(data.confirmation);
    await bank.confirm(clientSecret, cardReference);
    // Let the server look at once; it hears from the provider in any case.
    await post(data.confirmation).catch(() => null);
    location.assign(data.next);
  });
});
button.disabled = false;
