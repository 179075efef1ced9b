// The wallet: save a card, and pay what is open.

import { post } from "./api.js";
import { provider } from "./card-provider.js";
import { $, $$, pageData, whilePressed } from "./dom.js";

/** @type {Pages.Payment} */
const data = pageData();
const bank = provider(data);
const form = $("#card-form");
const button = $("button[type=submit]", form);

bank.mount("#card-element");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  whilePressed(button, async () => {
    const setup = await post("/cardSetup");
    await bank.save(setup.clientSecret);
    await post("/card", { setupIntentId: setup.setupIntentId });
    location.assign(data.next);
  });
});
button.disabled = false;

for (const pay of $$("button[data-pay]")) {
  pay.disabled = false;
  pay.addEventListener("click", () =>
    whilePressed(
      pay,
      async () => {
        await post(`/payment/${pay.dataset.pay}/pay`);
        location.reload();
      },
      $("#pay-problem"),
    ),
  );
}
