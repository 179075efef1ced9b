// The request screen: choose a place and a kind of cheer, see the price, press once.

import { get, newKey, post } from "./api.js";
import { $, make, pageData, show, showProblem, text, whilePressed } from "./dom.js";
import { duration, money, perIncrement } from "./format.js";
import { whereAmI } from "./geolocation.js";
import { CityMap, regionAt } from "./map.js";

const DEGREES_SHOWN = 5;
const { regions, again } = pageData();
const city = new CityMap($("#map"), regions, { center: again?.location });

let place = null;
let pin = null;
// One key for one wish: pressing again after a lost connection must not ask for two cheers.
let intention = { text: "", key: "" };

function setPlace(chosen, { look = false } = {}) {
  place = { lat: chosen.lat, lng: chosen.lng };
  if (pin) pin.setLatLng([place.lat, place.lng]);
  else pin = city.marker("pin", place, "Your place. The arrow keys move it.", { onMove: (moved) => setPlace(moved) });
  if (look) city.goTo(place);
  $("#lat").value = place.lat.toFixed(DEGREES_SHOWN);
  $("#lng").value = place.lng.toFixed(DEGREES_SHOWN);
  showProblem("");
  describe();
}

function describe() {
  if (!place) return;
  const region = regionAt(regions, place);
  text(
    $("#place-text"),
    region
      ? `At ${city.nameOf(place) ?? region.name}. Drag the pin to be exact.`
      : "We don't serve this place yet. Please choose another one.",
  );
  if (region) showTariff(region);
}

function showTariff({ tariff, cancellation }) {
  text($("#tariff"), money(tariff, { short: true }));
  text($("#tariff-per"), perIncrement(tariff.incrementS));
  text($("#grace"), duration(cancellation.graceS));
  text($("#fee"), money({ amount: cancellation.amount, currency: tariff.currency }, { short: true }));
}

function typedPlace() {
  const [lat, lng] = [$("#lat"), $("#lng")].map((field) => Number.parseFloat(field.value.replace(",", ".")));
  if (!Number.isFinite(lat) || !Number.isFinite(lng) || Math.abs(lat) > 90 || Math.abs(lng) > 180) return;
  setPlace({ lat, lng }, { look: true });
}

async function offerPlaces() {
  await city.ready;
  describe();
  const places = regions.flatMap(({ slug }) => city.placesOf(slug));
  const select = $("#places");
  select.append(...places.map(([name], index) => make("option", { value: String(index), textContent: name })));
  select.addEventListener("change", () => {
    const chosen = places[select.value];
    if (chosen) setPlace({ lat: chosen[1], lng: chosen[2] }, { look: true });
  });
  show($("#places-field"), places.length > 0);
}

async function send() {
  if (!place) {
    $("#map").focus();
    throw Object.assign(new Error("no place"), { sentence: "Where are you? Tap the map, or use your location." });
  }
  const requestType = new FormData($("#request-form")).get("requestType");
  const body = { location: place, note: $("#note").value.trim(), ...(requestType && { requestType }) };
  const wish = JSON.stringify(body);
  if (intention.text !== wish) intention = { text: wish, key: newKey() };
  try {
    const made = await post("/cheerRequest", body, intention.key);
    location.assign(`/cheer/${made.requestId}`);
  } catch (error) {
    // The same key would repeat this refusal, also when its reason is gone.
    if (error.status) intention = { text: "", key: "" };
    if (error.code === "card_required") return location.assign("/wallet?then=book");
    if (error.code === "payment_overdue") return location.assign("/wallet");
    if (error.code !== "request_already_open") throw error;
    const { results } = await get("/cheerRequest");
    location.assign(`/cheer/${results[0].requestId}`);
  }
}

city.onPick((picked) => setPlace(picked));
for (const field of [$("#lat"), $("#lng")]) field.addEventListener("change", typedPlace);
$("#locate").addEventListener("click", () =>
  whilePressed($("#locate"), async () => setPlace(await whereAmI(), { look: true })),
);
$("#request-form").addEventListener("submit", (event) => {
  event.preventDefault();
  whilePressed($("#submit"), send);
});

if (again) {
  setPlace(again.location);
  const same = $(`input[name="requestType"][value="${CSS.escape(again.requestType)}"]`);
  if (same) same.checked = true;
  $("#note").value = again.note;
}
offerPlaces();
for (const button of [$("#locate"), $("#submit")]) button.disabled = false;
// Back from the next page by the browser's cache: that page decides what is true now.
addEventListener("pageshow", (event) => event.persisted && location.reload());
