// The live page of staff: the map, counts, the last hour, the health of every part.

import { $, pageData } from "./dom.js";
import { stayLive } from "./live.js";
import { CityMap } from "./map.js";
import { paintAlerts } from "./staff-alerts.js";
import { Beside } from "./staff-beside.js";
import { StaffMap } from "./staff-map.js";
import { alertState, take } from "./staff-state.js";
import { paintCounts, paintHealth, paintLines, paintStale } from "./staff-view.js";

const LOOK_EVERY_MS = 1000;

/** @type {Pages.Staff} */
const { live, regions, tiles } = pageData();
const place = $("#map");
const map = place && new StaffMap(new CityMap(place, regions, { tiles }));
const beside =
  $("#beside") &&
  new Beside({
    stateOf: (kind, id) => (kind === "alert" ? alertState(live, id) : (map?.stateOf(id) ?? "")),
    onChange: (id) => map?.ring(id),
  });
map?.onOpen((kind, id) => void beside?.open(kind, id));
let heardAt = Date.now();
const choice = $("#region");
const chosen = () => choice?.value ?? "";

function paint() {
  map?.list(live.at);
  paintAlerts(live, chosen());
  paintCounts(live, chosen());
  paintLines(live, chosen());
  paintHealth(live);
  beside?.look();
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
  poll: async () => {
    const answer = await fetch("now/", { cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    /** @type {Pick<Frames.StaffHello, "live" | "maps">} */
    const now = await answer.json();
    Object.assign(live, now.live);
    map?.begin(now.maps);
    heardAt = Date.now();
    paint();
    paintAge();
  },
});
