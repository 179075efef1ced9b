// The partner's console: online or not, the offer, the ride. The server's state decides; this page paints it.

import { get, post } from "./api.js";
import { canStayAwake, stayAwake } from "./awake.js";
import { arm, chime } from "./chime.js";
import { $, $$, announce, pageData, show, showPanel, showProblem, text, whilePressed } from "./dom.js";
import { money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { stayLive } from "./live.js";
import { CityMap } from "./map.js";
import { OfferPanel } from "./partner-offer.js";
import { ServingPanel } from "./partner-serving.js";
import { Positions } from "./positions.js";
import { offerPushes } from "./push.js";
import { setServerNow } from "./server-clock.js";

const WITHDRAWN = {
  cancelled: gettext("The user has withdrawn the request."),
  expired: gettext("The time to answer was over."),
  taken: gettext("The request was taken back."),
};
const data = pageData();
setServerNow(data.now);

if ($("#waiting")) awaitApproval();
else runConsole();

function awaitApproval() {
  const look = (application) => application !== data.partner.application && location.reload();
  stayLive("/partner/notification", {
    onFrame: (frame) => {
      if (frame.type === "hello") look(frame.partner.application);
      else if (frame.type === "partner.updated" && !frame.replayed) look(frame.application);
    },
    poll: async () => look((await get("/me")).partner.application),
  });
}

function runConsole() {
  const state = { partner: data.partner, offer: data.offers[0] ?? null, ride: data.ride, request: null };
  let version = 0; // rises with every change, to tell answers that are older than it
  let shownPhase = null;
  const known = data.partner.currentLocation;
  const city = new CityMap($("#map"), data.regions, { center: known, zoom: 14, tiles: data.tiles });
  let [here, there] = [null, null];
  const offerPanel = new OfferPanel(data, {
    accepted: (ride, offer) => {
      state.request = offer;
      Object.assign(state.partner, { status: "busy" });
      applyRide(ride);
    },
    gone: (sentence) => dropOffer(sentence),
  });
  const servingPanel = new ServingPanel(data, { ride: (ride) => applyRide(ride) });
  const socket = stayLive("/partner/notification", { onFrame, poll: refreshAll });
  const online = () => state.partner.status !== "offline";
  const positions = new Positions({ socket, wanted: online, onChange: paint, lastKnown: known });

  // ---------------------------------------------------------- what comes in

  function onFrame(frame) {
    if (frame.type === "hello") {
      applyAll(frame.partner, frame.offers[0] ?? null, frame.ride);
      if (online()) positions.send().catch(() => {});
    } else if (frame.replayed) {
      return; // `hello` has brought the outcome already
    } else if (frame.type === "offer") {
      applyOffer(frame.offer);
    } else if (frame.type === "offer.rescinded" && frame.offerId === state.offer?.offerId) {
      dropOffer(WITHDRAWN[frame.reason] ?? gettext("The request was taken back."));
    } else if (frame.type === "ride.updated") {
      applyRide(frame.ride, { fresh: false });
    } else if (frame.type === "partner.updated") {
      applyDecision(frame);
    }
  }

  /** Staff have decided: on the application, or that work is over for now. */
  function applyDecision({ application, status }) {
    if (application !== state.partner.application) location.reload();
    if (status === "offline" && online()) announce(gettext("Our staff have taken you offline."));
    version += 1;
    state.partner.status = status;
    if (status === "offline") state.offer = null;
    paint();
  }

  function applyAll(partner, offer, ride) {
    version += 1;
    state.partner = partner;
    if (state.offer && !offer && !ride) showProblem(WITHDRAWN.expired); // while nobody could be told
    if (offer?.offerId !== state.offer?.offerId) applyOffer(offer);
    if (ride) applyRide(ride);
    else if (state.ride) servingPanel.refresh(); // it ended while nobody looked: ask how
    paint();
  }

  function applyOffer(offer) {
    version += 1;
    state.offer = offer;
    if (offer) {
      state.partner.status = "offered";
      showProblem("");
      show($("#served"), false);
      chime();
    }
    paint();
  }

  function dropOffer(sentence) {
    version += 1;
    state.offer = null;
    if (sentence) announce(sentence);
    showProblem(sentence);
    paint();
    refreshAll().catch(() => {});
  }

  function applyRide(ride, { fresh = true } = {}) {
    version += 1;
    const over = ride.status === "completed" || ride.status === "cancelled";
    if (over && state.ride?.rideId !== ride.rideId) return;
    if (state.request?.requestId !== ride.requestId) state.request = null;
    state.ride = over ? null : ride;
    state.offer = null;
    if (over) finished(ride);
    else if (!state.request) fetchRequest(ride.requestId);
    paint();
    // An event tells how the clock stood when it was written; ask how it stands now.
    if (ride.status === "in_progress" && !fresh) servingPanel.refresh();
  }

  async function fetchRequest(requestId) {
    const request = await get(`/cheerRequest/${requestId}`).catch(() => null);
    if (request && state.ride?.requestId === requestId) {
      state.request = request;
      paint();
    }
  }

  function finished(ride) {
    state.request = null;
    state.partner.status = "available";
    const sentence =
      ride.status === "completed"
        ? fill(gettext("Well cheered! That session made %(fare)s."), { fare: money(ride.fare) })
        : gettext("This ride was called off.");
    text($("#served"), sentence);
    $("#served").classList.toggle("success", ride.status === "completed");
    show($("#served"));
    announce(sentence);
    refreshAll().catch(() => {});
    refreshEarnings();
  }

  async function refreshAll() {
    const asked = version;
    const { partner } = await get("/me");
    if (partner.application !== "approved") location.reload();
    if (asked !== version) return;
    state.partner = partner;
    if (state.ride) await servingPanel.refresh();
    else if (partner.status === "offered" && !state.offer) await refreshPage();
    paint();
  }

  /** Without a socket, only the page itself has the offer. */
  async function refreshPage() {
    const response = await fetch("/partner", { cache: "no-store" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = JSON.parse($("#page-data", page).textContent);
    applyAll(fresh.partner, fresh.offers[0] ?? null, fresh.ride);
  }

  async function refreshEarnings() {
    const response = await fetch("/partner/earnings").catch(() => null);
    if (!response?.ok) return;
    const part = new DOMParser().parseFromString(await response.text(), "text/html");
    $("#earnings").replaceChildren(...part.body.children);
  }

  // ---------------------------------------------------------- what shows

  function phase() {
    if (state.ride) return "serving";
    return state.offer ? "offer" : "idle";
  }

  function words(now) {
    if (now === "offer") return [gettext("Somebody needs a cheer"), gettext("It is yours if you take it in time.")];
    if (now === "serving") {
      const who = state.ride.userName ?? gettext("Your user");
      return state.ride.status === "in_progress"
        ? [fill(gettext("Cheer for %(who)s!"), { who }), gettext("The clock runs. Give it all you have.")]
        : [fill(gettext("%(who)s is waiting for you"), { who }), gettext("Start the clock when you are there.")];
    }
    return online()
      ? [gettext("You are online"), gettext("The next cheer near you fills this screen, with a sound.")]
      : [fill(gettext("Hello, %(name)s"), state.partner), gettext("Go online to be offered cheers near you.")];
  }

  function paint() {
    const now = phase();
    const [headline, detail] = words(now);
    text($("#headline"), headline);
    text($("#detail"), detail);
    document.title = `${now === "offer" ? "(1) " : ""}${headline} · SpeedyCheers`;
    if (now !== shownPhase) {
      showPanel(now);
      for (const behind of $$("#earnings, .stage-map")) behind.inert = now === "offer";
      if (now === "offer") $("#accept").focus({ preventScroll: true });
    }
    shownPhase = now;
    $("main").dataset.phase = now;
    stayAwake(online());
    show($("#awake-text"), online());
    text($("#awake-text"), awakeText());
    $("#online").setAttribute("aria-checked", String(online()));
    text($("#online-text"), online() ? gettext("Online") : gettext("Offline"));
    text($("#position-text"), positionText());
    offerPanel.paint(now === "offer" ? state.offer : null);
    servingPanel.paint(state.ride, state.request, positions.place);
    paintMap(now);
  }

  /** What browsers allow, said as it is. */
  function awakeText() {
    return canStayAwake()
      ? gettext("Keep this page in front: your screen stays on. In the background, browsers stop sound and position.")
      : gettext("Keep this page in front and the screen on. In the background, browsers stop sound and position.");
  }

  function positionText() {
    if (positions.byDevice) return gettext("Your position comes from this device.");
    if (positions.problem)
      return positions.place
        ? `${positions.problem} ${gettext("You count as being at the mark; tap the map where you are.")}`
        : `${positions.problem} ${gettext("Tap the map where you are.")}`;
    return positions.place ? gettext("The mark is your last known position.") : "";
  }

  function paintMap(now) {
    if (positions.place) {
      here ??= city.marker("partner", positions.place, gettext("You"));
      here.setLatLng([positions.place.lat, positions.place.lng]);
    }
    const wanted = now === "offer" ? state.offer.location : now === "serving" ? state.request?.location : null;
    if (wanted && !there) {
      there = city.marker("pin", wanted, gettext("Where you are wanted"));
      city.fit(positions.place ? [wanted, positions.place] : [wanted]);
    } else if (!wanted && there) {
      there.remove();
      there = null;
    } else if (wanted) {
      there.setLatLng([wanted.lat, wanted.lng]);
    }
  }

  // ---------------------------------------------------------- what is pressed

  async function turn(wanted) {
    if (wanted === "available") {
      arm();
      positions.start();
      await positions.settle();
      if (!positions.place) {
        $("#map").focus();
        throw Object.assign(new Error("no position"), {
          sentence: gettext("We need to know where you are: allow your location, or tap the map."),
        });
      }
      await positions.send();
    }
    version += 1;
    state.partner = await post("/partner/status", { status: wanted });
    version += 1;
    if (wanted === "offline") state.offer = null;
    announce(online() ? gettext("You are online.") : gettext("You are offline."));
    paint();
  }

  $("#online").addEventListener("click", () =>
    whilePressed($("#online"), () => turn(online() ? "offline" : "available")),
  );
  city.onPick((place) => {
    if (positions.setByHand(place) && online()) positions.send().catch(() => {});
  });
  offerPushes().catch((error) => console.info("No pushes here.", error.message));
  if (online()) positions.start();
  if (state.ride) fetchRequest(state.ride.requestId);
  paint();
}
