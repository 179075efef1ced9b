// What the console shows.

import { canStayAwake, stayAwake } from "./awake.js";
import { $, $$, show, showPanel, text } from "./dom.js";
import { fill, gettext } from "./i18n.js";
import { isOnline, phaseOf } from "./partner-state.js";

/**
 * @import { AdvicePanel } from "./partner-advice.js"
 * @import { ConsoleMap } from "./partner-map.js"
 * @import { OfferPanel } from "./partner-offer.js"
 * @import { ServingPanel } from "./partner-serving.js"
 * @import { Positions } from "./positions.js"
 * @import { Store } from "./store.js"
 */

/**
 * The headline of a phase, and one sentence below it.
 * @param {Readonly<Pages.PartnerState>} state
 * @returns {[headline: string, detail: string]}
 */
function words(state) {
  if (state.ride) {
    const who = state.ride.userName ?? gettext("Your user");
    return state.ride.status === "in_progress"
      ? [fill(gettext("Cheer for %(who)s!"), { who }), gettext("The clock runs. Give it all you have.")]
      : [fill(gettext("%(who)s is waiting for you"), { who }), wayText(state.ride)];
  }
  if (state.offer) return [gettext("Someone needs a cheer"), gettext("It's yours if you take it in time.")];
  return isOnline(state)
    ? [gettext("You are online"), gettext("The next cheer near you fills this screen, with a sound.")]
    : [fill(gettext("Hello, %(name)s"), state.partner), gettext("Go online to be offered cheers near you.")];
}

/** @param {Api.Ride} ride */
function wayText({ arrivedAt }) {
  return arrivedAt
    ? gettext("You have arrived. Start the clock when you are together.")
    : gettext("Tap when you've arrived. Billing starts then.");
}

/** What browsers allow, said as it is. */
function awakeText() {
  return canStayAwake()
    ? gettext("Keep this page open; we'll keep your screen awake. In the background, browsers stop sound and position.")
    : gettext("Keep this page open and your screen on. In the background, browsers stop sound and position.");
}

/** @param {Positions} positions */
function positionText({ byDevice, place, problem }) {
  if (byDevice) return gettext("Your position comes from this device.");
  if (problem)
    return place
      ? `${problem} ${gettext("We'll use this spot. Tap the map to correct it.")}`
      : `${problem} ${gettext("Tap the map where you are.")}`;
  return place ? gettext("This is where we last saw you.") : "";
}

/**
 * @typedef {object} Parts
 * @property {Positions} positions
 * @property {OfferPanel} offerPanel
 * @property {ServingPanel} servingPanel
 * @property {AdvicePanel} advicePanel
 * @property {ConsoleMap} map
 */

export class ConsoleView {
  #store;
  #parts;
  /** @type {Pages.PartnerPhase | null} */
  #shownPhase = null;

  /**
   * @param {Store<Pages.PartnerState>} store
   * @param {Parts} parts
   */
  constructor(store, parts) {
    this.#store = store;
    this.#parts = parts;
  }

  paint() {
    const { state } = this.#store;
    const { positions, offerPanel, servingPanel, advicePanel, map } = this.#parts;
    const now = phaseOf(state);
    const offer = now === "offer" ? state.offer : null;
    const [headline, detail] = words(state);
    text($("#headline"), headline);
    text($("#detail"), detail);
    document.title = `${offer ? "(1) " : ""}${headline} · SpeedyCheers`;
    if (now !== this.#shownPhase) this.#enter(now);
    $("main").dataset.phase = now;
    this.#paintSwitch(isOnline(state));
    text($("#position-text"), positionText(positions));
    offerPanel.paint(offer);
    servingPanel.paint(state.ride, state.request, positions.place);
    const withinM = state.ride ? null : (offer?.locationWithinM ?? null);
    map.paint(positions.place, (state.ride ? state.request : offer)?.location ?? null, withinM);
    map.advise(advicePanel.paint(state, positions.place));
  }

  /** @param {Pages.PartnerPhase} now */
  #enter(now) {
    this.#shownPhase = now;
    showPanel(now);
    for (const behind of $$("#earnings, .stage-map")) behind.inert = now === "offer";
    if (now === "offer") $("#accept").focus({ preventScroll: true });
  }

  /** @param {boolean} online */
  #paintSwitch(online) {
    stayAwake(online);
    show($("#awake-text"), online);
    text($("#awake-text"), awakeText());
    $("#online").setAttribute("aria-checked", String(online));
    text($("#online-text"), online ? gettext("Online") : gettext("Offline"));
  }
}
