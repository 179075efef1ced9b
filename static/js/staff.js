// The live page of staff: counts, the last hour, the health of every part.

import { $, pageData } from "./dom.js";
import { stayLive } from "./live.js";
import { take } from "./staff-state.js";
import { paintCounts, paintHealth, paintLines, paintStale } from "./staff-view.js";

const LOOK_EVERY_MS = 1000;

/** @type {Pages.Live} */
const live = pageData().live;
let heardAt = Date.now();
const choice = $("#region");
const chosen = () => choice?.value ?? "";

function paint() {
  paintCounts(live, chosen());
  paintLines(live, chosen());
  paintHealth(live);
}

const paintAge = () => paintStale(live, Date.now() - heardAt);

/** @param {Frames.Staff} frame */
function receive(frame) {
  take(live, frame);
  heardAt = Date.now();
  if (frame.type === "tick") paint(); // once for all that came with it
  if (frame.type === "hello") paint();
  paintAge();
}

choice?.addEventListener("change", paint);
setInterval(paintAge, LOOK_EVERY_MS);
paint();
stayLive("/staff/notification", {
  onFrame: receive,
  // There is no call for it; the page itself has it.
  poll: async () => {
    const response = await fetch(location.href, { cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    Object.assign(live, pageData(page).live);
    heardAt = Date.now();
    paint();
    paintAge();
  },
});
