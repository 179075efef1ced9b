// The request screen: choose a place, a kind of cheer and a time, see the price, press once.

import { ApiError, get, newKey, post } from "./api.js";
import { $, $$, fieldValue, pageData, show, showProblem, text, whilePressed } from "./dom.js";
import { duration, money, perIncrement } from "./format.js";
import { whereAmI } from "./geolocation.js";
import { fill, gettext } from "./i18n.js";
import { CityMap } from "./map.js";
import { PlaceSearch } from "./place-search.js";
import { Problem } from "./problem.js";
import { regionAt } from "./regions.js";
import { Planning } from "./request-planning.js";
import { UsualWait } from "./request-wait.js";
import { SavedPlaces } from "./saved-places.js";

/** @import { Marker } from "leaflet" */

const EXAMPLE_INCREMENTS = 3;
/** @type {Pages.Request} */
const { regions, again, savedPlaces, planned, tiles } = pageData();
const city = new CityMap($("#map"), regions, { center: again?.location, tiles });

/** @type {Api.Location | null} */
let place = null;
let foundName = ""; // of the place, if the search has found it
/** @type {Marker | null} */
let pin = null;
// One key for one wish: pressing again after a lost connection must not ask for two cheers.
let intention = { text: "", key: "" };

const search = new PlaceSearch({
  known: () => city.places,
  near: () => city.middle,
  onChoice: ({ name, place }) => setPlace(place, { look: true, name }),
});
const saved = new SavedPlaces(savedPlaces, {
  chosen: () => place,
  choose: ({ location }) => setPlace(location, { look: true }),
});
const usualWait = new UsualWait();
const planning = new Planning(planned, {
  zone: () => (place && regionAt(regions, place)?.timeZone) ?? regions[0]?.timeZone,
});

/**
 * @param {Api.Location} chosen
 * @param {{ look?: boolean, name?: string }} [how] Whether to go there, and its name if the search has found it.
 */
function setPlace(chosen, { look = false, name = "" } = {}) {
  place = { lat: chosen.lat, lng: chosen.lng };
  foundName = name;
  if (pin) pin.setLatLng([place.lat, place.lng]);
  else
    pin = city.marker("pin", place, gettext("Your place. The arrow keys move it."), {
      onMove: (moved) => setPlace(moved),
    });
  if (look) city.goTo(place);
  if (!name) search.clear();
  showProblem("");
  describe();
}

function describe() {
  if (!place) return;
  const region = regionAt(regions, place);
  const name = saved.nameOf(place) ?? (foundName || city.nameOf(place)) ?? region?.name;
  text(
    $("#place-text"),
    region
      ? fill(gettext("At %(name)s. Drag the pin to be exact."), { name })
      : gettext("We don't serve this place yet. Please choose another one."),
  );
  showClosed(region?.closed);
  show($("#save-row"), Boolean(region) && !saved.nameOf(place));
  showWait();
  if (region) showTariff(region);
}

/** The usual wait is that of now: a cheer for later is on time, and a closed region has none. */
function showWait() {
  const region = place && regionAt(regions, place);
  const now = fieldValue($("#request-form"), "when") !== "later";
  usualWait.show(region && !region.closed && now ? place : null, fieldValue($("#request-form"), "requestType"));
}

/** @param {Pages.Region} region */
function showTariff({ tariff, taxNote, cancellation, credit = 0 }) {
  text($("#tariff"), money(tariff, { short: true }));
  text($("#tariff-per"), perIncrement(tariff.incrementS));
  text($("#tax-note"), taxNote);
  text($("#grace"), duration(cancellation.graceS));
  text($("#fee"), money({ amount: cancellation.amount, currency: tariff.currency }, { short: true }));
  showExample(tariff);
  showCredit({ amount: credit, currency: tariff.currency });
}

/** @param {string} [why] Empty while requests are taken. */
function showClosed(why = "") {
  text($("#closed"), why);
  show($("#closed"), Boolean(why));
}

/** @param {Api.Money} credit */
function showCredit(credit) {
  const line = $("#credit-line");
  const said = gettext("You have %(amount)s of credit. It is spent first, your card pays the rest.");
  text(line, fill(said, { amount: money(credit) }));
  show(line, credit.amount > 0);
}

/**
 * What a session somewhat into its third increment comes to.
 * @param {Api.Tariff} tariff
 */
function showExample(tariff) {
  text(
    $("#price-example"),
    fill(gettext("A cheer of %(short)s is %(least)s. One of %(long)s is %(more)s."), {
      short: duration(Math.round(tariff.incrementS * 0.8)),
      least: money(tariff, { short: true }),
      long: duration(Math.round(tariff.incrementS * (EXAMPLE_INCREMENTS - 0.6))),
      more: money({ ...tariff, amount: tariff.amount * EXAMPLE_INCREMENTS }, { short: true }),
    }),
  );
}

async function send() {
  if (!place) {
    $("#search").focus();
    throw new Problem(gettext("Where are you? Tap the map, search, or use your location."));
  }
  const requestType = fieldValue($("#request-form"), "requestType");
  const body = {
    location: place,
    note: $("#note").value.trim(),
    ...(requestType && { requestType }),
    pricesShown: regionAt(regions, place)?.pricesDigest,
  };
  const scheduledFor = planning.moment();
  if (scheduledFor) await plan({ ...body, scheduledFor });
  else await ask(body);
}

/** @param {object} body */
function keyFor(body) {
  const wish = JSON.stringify(body);
  if (intention.text !== wish) intention = { text: wish, key: newKey() };
  return intention.key;
}

/** @param {object} body */
async function ask(body) {
  try {
    const made = await post("/cheerRequest", body, keyFor(body));
    location.assign(`/cheer/${made.requestId}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "card_required") return location.assign("/wallet?then=book");
    if (error.code === "payment_overdue") return location.assign("/wallet");
    if (error.code !== "request_already_open") throw error;
    const { results } = await get("/cheerRequest");
    location.assign(`/cheer/${results[0].requestId}`);
  }
}

/** @param {object} body */
async function plan(body) {
  try {
    planning.add(await post("/scheduledRequest", body, keyFor(body)));
  } finally {
    intention = { text: "", key: "" };
  }
}

city.onPick((picked) => setPlace(picked));
$("#locate").addEventListener("click", () =>
  whilePressed($("#locate"), async () => setPlace(await whereAmI(), { look: true })),
);
$(".kinds-choice").addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  for (const about of $$(".kind-about")) show(about, about.id === `kind-${target.value}`);
  showWait();
});
$(".when").addEventListener("change", showWait);
$("#request-form").addEventListener("submit", (event) => {
  event.preventDefault();
  whilePressed($("#submit"), send);
});

if (again) {
  if (again.location) setPlace(again.location);
  const same = $(`input[name="requestType"][value="${CSS.escape(again.requestType)}"]`);
  same?.click();
  $("#note").value = again.note;
}
if (regions[0]) showTariff(regions[0]);
if (regions.length === 1) showClosed(regions[0].closed);
city.ready.then(describe);
for (const button of [$("#locate"), $("#submit")]) button.disabled = false;
// Back from the next page by the browser's cache: that page decides what is true now.
addEventListener("pageshow", (event) => event.persisted && location.reload());
