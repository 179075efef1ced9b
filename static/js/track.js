// The four steps of a cheer, and which of them it is at.

import { $$ } from "./dom.js";

/**
 * Mark a step of the track as the present one; those before it are done. An unknown step marks none.
 * @param {string} step
 */
export function paintTrack(step) {
  const steps = $$(".track [data-step]");
  const at = steps.findIndex((item) => item.dataset.step === step);
  steps.forEach((item, index) => {
    item.classList.toggle("past", index < at || (step === "done" && index === at));
    if (index === at) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}
