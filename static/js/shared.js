// A cheer that somebody has shared: looked up again every few seconds, because only its own user has a socket.

import { get } from "./api.js";
import { $, pageData, show, text } from "./dom.js";
import { distance, eta, metresBetween, timeOfDay, travelS } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { CityMap } from "./map.js";
import { paintTrack } from "./track.js";

const POLL_MS = 5000;
const data = pageData();
const city = new CityMap($("#map"), [data.region], { center: data.cheer.location, tiles: data.tiles });
const marks = { pin: null, partner: null };

function mark(kind, place, label) {
  if (!place) {
    marks[kind]?.remove();
    marks[kind] = null;
  } else if (marks[kind]) {
    marks[kind].setLatLng([place.lat, place.lng]);
  } else {
    marks[kind] = city.marker(kind, place, label);
    const both = Object.values(marks).filter(Boolean);
    city.fit(both.map((one) => one.getLatLng()));
  }
}

function words({ status, rideStatus, partner, location, name }) {
  const who = name || gettext("Somebody");
  const values = { who, partner: partner?.name };
  if (rideStatus === "in_progress")
    return ["running", gettext("%(who)s is being cheered"), gettext("%(partner)s is there, and loud."), values];
  if (rideStatus === "en_route") {
    const at = partner.currentLocation;
    const away = at ? metresBetween(at, location) : null;
    const detail = away === null ? "" : gettext("%(distance)s to go, about %(time)s.");
    const numbers = away === null ? {} : { distance: distance(away), time: eta(travelS(away, data.travel)) };
    return ["on-way", gettext("%(partner)s is on the way to %(who)s"), detail, { ...values, ...numbers }];
  }
  if (status === "completed") return ["done", gettext("%(who)s has been cheered"), gettext("It is over."), values];
  if (status === "cancelled") return ["", gettext("Called off"), gettext("There is no cheer this time."), values];
  if (status === "no_match") return ["", gettext("Nobody could come this time"), "", values];
  return ["looking", gettext("%(who)s has asked for a cheer"), gettext("We are looking for somebody near."), values];
}

function paint(cheer) {
  const [step, headline, detail, values] = words(cheer);
  text($("#headline"), fill(headline, values));
  text($("#detail"), fill(detail, values));
  document.title = `${fill(headline, values)} · SpeedyCheers`;
  paintTrack(step);
  show($(".track"), Boolean(step));
  mark("pin", cheer.location, gettext("The place"));
  mark("partner", cheer.partner?.currentLocation, cheer.partner?.name ?? "");
  text($("#until"), fill(gettext("This link shows it until %(time)s."), { time: timeOfDay(cheer.expiresAt) }));
}

async function again() {
  if (document.hidden) return;
  try {
    paint(await get(`/sharedCheer/${data.token}`));
  } catch (error) {
    if (error.status === 404) location.reload();
  }
}

paint(data.cheer);
setInterval(again, POLL_MS);
document.addEventListener("visibilitychange", again);
