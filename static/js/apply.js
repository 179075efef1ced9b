// The application to become a partner.

import { ApiError, post } from "./api.js";
import { $, fieldValue, whilePressed } from "./dom.js";
import { gettext } from "./i18n.js";
import { Problem } from "./problem.js";

const form = $("#apply-form");
const button = $("button[type=submit]", form);

/** @param {string} name */
function fieldOf(name) {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLElement ? field : null;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  whilePressed(button, async () => {
    const [type, phone, name] = ["type", "phone", "name"].map((field) => fieldValue(form, field).trim());
    if (!phone) {
      fieldOf("phone")?.focus();
      throw new Problem(gettext("Please give us a phone number to reach you."));
    }
    const body = { type, phone, ...(name && { name }) };
    try {
      await post("/partner/apply", body);
    } catch (error) {
      const field = error instanceof ApiError && error.attr ? fieldOf(error.attr) : null;
      if (field) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
      }
      throw error;
    }
    location.assign("/partner");
  });
});

button.disabled = false;
