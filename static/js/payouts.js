// The way to the provider's page where a partner sets up payouts.

import { ApiError, post } from "./api.js";
import { $, whilePressed } from "./dom.js";

const form = $("#payout-form");
if (form) {
  const button = $("button", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whilePressed(button, async () => location.assign(await wayToProvider()));
  });
  button.disabled = false;
}

/** The provider's page; ours that asks for the password or the second factor, if that is too long ago. */
async function wayToProvider() {
  try {
    return (await post("/partner/payoutAccount")).url;
  } catch (problem) {
    if (!(problem instanceof ApiError) || problem.code !== "reauthentication_required") throw problem;
    return `/account/reauthenticate/?next=${encodeURIComponent(location.pathname)}`;
  }
}
