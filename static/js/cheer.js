// One request, live, from looking to the receipt. The server's state decides what shows; this page only paints it.

import { get } from "./api.js";
import { CancelDialog } from "./cheer-cancel.js";
import { offerSharing } from "./cheer-share.js";
import { Thanks } from "./cheer-thanks.js";
import { paintDone, paintLooking, paintOnWay, REASONS, words } from "./cheer-view.js";
import { $, announce, pageData, show, showPanel, text } from "./dom.js";
import { money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { stayLive } from "./live.js";
import { CityMap } from "./map.js";
import { Meter } from "./meter.js";
import { setServerNow } from "./server-clock.js";
import { paintTrack } from "./track.js";

const data = pageData();
if (data.request.hold?.confirmUrl) location.assign(data.request.hold.confirmUrl);
setServerNow(data.now);
const id = data.request.requestId;
const state = { request: data.request, ride: data.ride, partner: data.request.partner, partnerAt: null, bill: null };
// Rises with every change, so that an answer older than what is known by now can be told apart.
let version = 0;
let shownPhase = null;

const city = new CityMap($("#map"), [data.region], { center: data.request.location, tiles: data.tiles });
city.marker("pin", data.request.location, gettext("Your place"));
let [partnerMarker, rings] = [null, null];
const meter = new Meter(refreshRide);
const thanks = $("#rating-form") ? new Thanks({ onRide: (ride) => applyRide(ride), onTip: () => fetchBill() }) : null;
const cancelDialog = new CancelDialog({
  requestId: id,
  request: () => state.request,
  onRequest: applyRequest,
});

function phase() {
  const { request, ride } = state;
  if (request.status === "pending" || request.status === "offered") return "looking";
  if (request.status === "accepted") return ride?.status === "in_progress" ? "running" : "on-way";
  return { completed: "done", cancelled: "cancelled", no_match: "no-match" }[request.status];
}

// ------------------------------------------------------------ what comes in

function applyRequest(request) {
  if (request.requestId !== id) return;
  if (request.hold?.confirmUrl) return location.assign(request.hold.confirmUrl);
  version += 1;
  if (request.status === "accepted") state.requeued = false;
  else if (state.request.status === "accepted" && request.status === "pending") state.requeued = true;
  state.request = request;
  if (request.partner) {
    state.partner = request.partner;
    if (request.partner.currentLocation && !state.partnerAt) state.partnerAt = request.partner.currentLocation;
  }
  if (!request.rideId) Object.assign(state, { ride: null, partner: null, partnerAt: null });
  paint();
  if (request.rideId && state.ride?.rideId !== request.rideId) refreshRide();
}

function applyRide(ride, { fresh = true } = {}) {
  if (ride.requestId !== id || (state.request.rideId && ride.rideId !== state.request.rideId)) return;
  if (!state.request.rideId && ride.status === "cancelled") return; // the partner who has just called off
  version += 1;
  state.ride = ride;
  paint();
  // An event tells how the clock stood when it was written; ask how it stands now.
  if (ride.status === "in_progress" && !fresh) refreshRide();
}

async function refreshRequest() {
  const asked = version;
  const request = await get(`/cheerRequest/${id}`);
  if (asked === version) applyRequest(request);
}

async function refreshRide() {
  const rideId = state.request.rideId;
  if (!rideId) return;
  const asked = version;
  try {
    const ride = await get(`/ride/${rideId}`);
    if (asked === version) applyRide(ride);
  } catch (error) {
    console.info("The ride could not be refreshed; the next try may do.", error.message);
  }
}

async function fetchBill() {
  try {
    state.bill = await get(`/ride/${state.request.rideId}/receipt`);
  } catch (error) {
    if (error.status !== 409) console.info("No bill yet.", error.message);
  }
  paint();
}

function onFrame(frame) {
  if (frame.type === "hello") {
    if (frame.request?.requestId === id) {
      applyRequest(frame.request);
      if (frame.ride) applyRide(frame.ride);
    } else {
      // Nothing of ours is open: it has ended, perhaps while nobody looked.
      refreshRequest().catch(() => {});
    }
  } else if (frame.replayed) {
    return; // `hello` has brought the outcome already
  } else if (frame.type === "request.updated") {
    applyRequest(frame.request);
  } else if (frame.type === "ride.updated") {
    applyRide(frame.ride, { fresh: false });
  } else if (frame.type === "payment.updated" && state.request.rideId) {
    fetchBill();
  } else if (frame.type === "partner.location" && frame.partnerId === state.partner?.partnerId) {
    state.partnerAt = frame.location;
    paint();
  }
}

// ------------------------------------------------------------ what shows

function paint() {
  const now = phase();
  const changed = now !== shownPhase;
  const said = words(now, state, data.region);
  text($("#headline"), said.headline);
  text($("#detail"), said.detail);
  document.title = `${said.headline} · SpeedyCheers`;
  if (changed) enter(now);
  else if (now === "looking") announce(said.headline);
  show($("#open-row"), data.live && ["looking", "on-way", "running"].includes(now));
  show($("#cancel"), now === "looking" || now === "on-way");
  if (now === "looking") paintLooking(state, data);
  if (now === "on-way" || now === "running") paintPartner();
  if (now === "on-way") paintOnWay(state, data);
  if (now === "running") paintRunning();
  if (now === "done") paintDone(state);
  if (now === "done") thanks?.paint(state);
  if (now === "cancelled") paintCancelled();
  if (now === "no-match") text($("#no-match-why"), REASONS[state.request.reason] ?? gettext("Nobody was found in time."));
}

function enter(now) {
  const first = shownPhase === null;
  shownPhase = now;
  showPanel(now);
  $("main").dataset.phase = now;
  paintTrack(now);
  show($(".track"), now !== "cancelled" && now !== "no-match");
  if (now === "looking") rings ??= city.rings(state.request.location);
  else rings = rings?.remove() && null;
  city.map.invalidateSize({ animate: false });
  if (!first) announce(`${$("#headline").textContent}. ${$("#detail").textContent}`);
  if (now !== "running") meter.stop();
  if (now !== "on-way" && now !== "looking") cancelDialog.close();
  if (now !== "on-way" && now !== "running" && partnerMarker) {
    partnerMarker.remove();
    partnerMarker = null;
  }
  if (!first) lookAgain(); // the map is of another size now
  if (now === "done" || (now === "cancelled" && state.request.rideId)) fetchBill();
}

function lookAgain() {
  const at = partnerMarker?.getLatLng();
  city.fit(at ? [at, state.request.location] : [state.request.location]);
}

function paintPartner() {
  const at = state.partnerAt ?? state.partner?.currentLocation;
  if (!at) return;
  if (!partnerMarker) {
    partnerMarker = city.marker("partner", at, state.partner?.name ?? gettext("Your partner"));
    city.fit([at, state.request.location]);
  } else {
    partnerMarker.setLatLng([at.lat, at.lng]);
    if (!city.map.getBounds().pad(-0.15).contains([at.lat, at.lng])) lookAgain();
  }
}

let metered = null;
function paintRunning() {
  // Only a ride not shown before restarts the clock: painting for other reasons must not turn it back.
  if (metered !== state.ride) meter.show(state.ride);
  metered = state.ride;
  text($("#running-with"), state.partner ? fill(gettext("%(name)s is with you."), state.partner) : "");
}

function paintCancelled() {
  const why = state.request.reason;
  text($("#cancel-why"), REASONS[why] ?? (why ? fill(gettext("The reason given: %(why)s."), { why }) : gettext("This request was called off.")));
  const fee = state.bill?.lines.find((line) => line.kind === "cancellation_fee");
  show($("#fee-receipt"), Boolean(fee));
  $("#fee-receipt a").setAttribute("href", `/ride/${state.request.rideId}/receipt`);
  text(
    $("#cancel-fee"),
    fee
      ? fill(gettext("A cancellation fee of %(fee)s applies, because your partner was on the way already."), {
          fee: money(fee.amount),
        })
      : gettext("You pay nothing."),
  );
}

function keepLive() {
  stayLive("/user/notification", {
    onFrame,
    poll: async () => {
      await refreshRequest();
      if (phase() === "on-way") state.partnerAt = state.request.partner?.currentLocation ?? state.partnerAt;
      if (state.request.status === "accepted") await refreshRide();
    },
  });
  // The wait is a number that changes by itself.
  setInterval(() => phase() === "looking" && paintLooking(state, data), 1000);
}

offerSharing(id);
paint();
show($("#live"), data.live);
if (data.live) keepLive();
