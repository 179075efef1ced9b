// A promotion code that becomes credit.

import { post } from "./api.js";
import { $, whilePressed } from "./dom.js";

const form = $("#code-form");
const button = $("button", form);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  whilePressed(
    button,
    async () => {
      await post("/credit/code", { code: $("#code").value.trim() });
      location.reload();
    },
    $("#code-problem"),
  );
});
button.disabled = false;
