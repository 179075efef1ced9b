// A cheer that somebody has shared: looked up again every few seconds, because only its own user has a socket.

import { ApiError, get } from "./api.js";
import { $, pageData, show, text } from "./dom.js";
import { distance, eta, metresBetween, timeOfDay, travelS } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { CityMap } from "./map.js";
import { paintTrack } from "./track.js";

/** @import { Marker } from "leaflet" */

const POLL_MS = 5000;
/** @type {Pages.Shared} */
const data = pageData();
const city = new CityMap($("#map"), [data.region], { center: data.cheer.location, tiles: data.tiles });
/** @type {Record<"pin" | "partner", Marker | null>} */
const marks = { pin: null, partner: null };

/**
 * @param {"pin" | "partner"} kind
 * @param {Api.Location | null | undefined} place
 * @param {string} label
 */
function mark(kind, place, label) {
  if (!place) {
    marks[kind]?.remove();
    marks[kind] = null;
  } else if (marks[kind]) {
    marks[kind].setLatLng([place.lat, place.lng]);
  } else {
    marks[kind] = city.marker(kind, place, label);
    const both = Object.values(marks).filter((one) => one !== null);
    city.fit(both.map((one) => one.getLatLng()));
  }
}

/** @typedef {{ step: string, headline: string, detail: string }} Words */

/**
 * @param {Api.SharedCheer} cheer
 * @returns {Words}
 */
function words({ status, rideStatus, partner, location, name }) {
  const who = name || gettext("Somebody");
  if (rideStatus === "in_progress") {
    const detail = fill(gettext("%(partner)s is there, and loud."), { partner: partner?.name });
    return { step: "running", headline: fill(gettext("%(who)s is being cheered"), { who }), detail };
  }
  if (rideStatus === "en_route") {
    const headline = fill(gettext("%(partner)s is on the way to %(who)s"), { partner: partner?.name, who });
    return { step: "on-way", headline, detail: wayToGo(partner?.currentLocation, location) };
  }
  if (status === "completed")
    return {
      step: "done",
      headline: fill(gettext("%(who)s has been cheered"), { who }),
      detail: gettext("It is over."),
    };
  if (status === "cancelled")
    return { step: "", headline: gettext("Cancelled"), detail: gettext("There is no cheer this time.") };
  if (status === "no_match") return { step: "", headline: gettext("Nobody could come this time"), detail: "" };
  const headline = fill(gettext("%(who)s has asked for a cheer"), { who });
  return { step: "looking", headline, detail: gettext("We are looking for somebody near.") };
}

/**
 * @param {Api.Location | null | undefined} from
 * @param {Api.Location | null} to
 */
function wayToGo(from, to) {
  if (!from || !to) return "";
  const away = metresBetween(from, to);
  const numbers = { distance: distance(away), time: eta(travelS(away, data.travel)) };
  return fill(gettext("%(distance)s to go, about %(time)s."), numbers);
}

/** @param {Api.SharedCheer} cheer */
function paint(cheer) {
  const { step, headline, detail } = words(cheer);
  text($("#headline"), headline);
  text($("#detail"), detail);
  document.title = `${headline} · SpeedyCheers`;
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
    if (error instanceof ApiError && error.status === 404) location.reload();
  }
}

paint(data.cheer);
setInterval(() => void again(), POLL_MS);
document.addEventListener("visibilitychange", () => void again());
