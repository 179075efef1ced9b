// The live page of staff: the map, counts, the last hour, the health of every part.

import { $, pageData } from "./dom.js";
import { stayLive } from "./live.js";
import { CityMap } from "./map.js";
import { StaffMap } from "./staff-map.js";
import { take } from "./staff-state.js";
import { paintCounts, paintHealth, paintLines, paintStale } from "./staff-view.js";

const LOOK_EVERY_MS = 1000;

/** @type {Pages.Staff} */
const { live, regions, tiles } = pageData();
const place = $("#map");
const map = place && new StaffMap(new CityMap(place, regions, { tiles }));
let heardAt = Date.now();
const choice = $("#region");
const chosen = () => choice?.value ?? "";

function paint() {
  map?.list(live.at);
  paintCounts(live, chosen());
  paintLines(live, chosen());
  paintHealth(live);
}

const paintAge = () => paintStale(live, Date.now() - heardAt);

/** @param {Frames.Staff} frame */
function receive(frame) {
  take(live, frame);
  heardAt = Date.now();
  if ("maps" in frame) map?.begin(frame.maps);
  if (frame.type === "map" && map && !map.follow(frame)) socket.send({ type: "map" });
  if (frame.type === "tick") paint(); // once for all that came with it
  if (frame.type === "hello") paint();
  paintAge();
}

choice?.addEventListener("change", () => {
  map?.choose(chosen());
  paint();
});
setInterval(paintAge, LOOK_EVERY_MS);
paint();
const socket = stayLive("/staff/notification", {
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
