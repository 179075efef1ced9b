// Live counts.

import { $, $$, pageData, show, text } from "./dom.js";
import { duration } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { stayLive } from "./live.js";

/**
 * A count by its path, such as "rides.en_route".
 * @param {Api.Counts} counts
 * @param {string} path
 * @returns {number}
 */
const at = (counts, path) => path.split(".").reduce((part, name) => part?.[name], /** @type {any} */ (counts)) ?? 0;

/** @param {Api.Counts} counts */
function paint(counts) {
  for (const tile of $$("[data-count]")) {
    const count = at(counts, tile.dataset.count ?? "");
    text($(".tile-number", tile), String(count));
    tile.toggleAttribute("data-zero", count === 0);
  }
  const oldest = counts.oldestPendingS;
  show($("#oldest"), oldest !== null);
  if (oldest === null) return;
  const sentence = gettext("The oldest request has been looking for %(time)s.");
  text($("#oldest"), fill(sentence, { time: duration(oldest) }));
}

paint(pageData().counts);
stayLive("/staff/notification", {
  onFrame: (/** @type {Frames.Staff} */ frame) => frame.counts && paint(frame.counts),
  // There is no call for the counts; the page itself has them.
  poll: async () => {
    const response = await fetch(location.href, { cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    paint(pageData(page).counts);
  },
});
