// A code that becomes credit: a promotion code now, a friend's after the first cheer.

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
