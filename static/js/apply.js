// The application to become a partner.

import { post } from "./api.js";
import { $, whilePressed } from "./dom.js";
import { gettext } from "./i18n.js";

const form = $("#apply-form");
const button = $("button[type=submit]", form);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  whilePressed(button, async () => {
    const values = new FormData(form);
    if (!values.get("phone").trim()) {
      form.elements.phone.focus();
      throw Object.assign(new Error("no phone"), { sentence: gettext("Please give us a phone number to reach you.") });
    }
    const body = { type: values.get("type"), phone: values.get("phone").trim() };
    const name = values.get("name").trim();
    if (name) body.name = name;
    try {
      await post("/partner/apply", body);
    } catch (error) {
      const field = error.attr && form.elements[error.attr];
      if (field?.focus) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
      }
      throw error;
    }
    location.assign("/partner");
  });
});

button.disabled = false;
