// The way to the provider's page where a partner sets up payouts.

import { post } from "./api.js";
import { $, whilePressed } from "./dom.js";

const form = $("#payout-form");
if (form) {
  const button = $("button", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whilePressed(button, async () => location.assign((await post("/partner/payoutAccount")).url));
  });
  button.disabled = false;
}
