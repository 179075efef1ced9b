// What the cheer page shows.

import { phaseOf } from "./cheer-state.js";
import { paintCancelled, paintDone, paintLooking, paintNoMatch, paintOnWay, words } from "./cheer-view.js";
import { $, announce, show, showPanel, text } from "./dom.js";
import { fill, gettext } from "./i18n.js";
import { paintTrack } from "./track.js";

/**
 * @import { ArrivalAnswers } from "./cheer-arrival.js"
 * @import { CancelDialog } from "./cheer-cancel.js"
 * @import { CheerMap } from "./cheer-map.js"
 * @import { Thanks } from "./cheer-thanks.js"
 * @import { EndDialog } from "./end-dialog.js"
 * @import { Meter } from "./meter.js"
 * @import { Store } from "./store.js"
 */

/**
 * @typedef {object} Parts
 * @property {CheerMap} map
 * @property {Meter} meter
 * @property {CancelDialog} cancelDialog
 * @property {EndDialog} endDialog
 * @property {ArrivalAnswers} arrival
 * @property {Thanks | null} thanks
 * @property {() => void} fetchBill
 */

export class CheerScreen {
  #data;
  #store;
  #parts;
  /** @type {Pages.CheerPhase | null} */
  #shownPhase = null;
  /** @type {Api.Ride | null} */
  #metered = null;

  /**
   * @param {Pages.Cheer} data
   * @param {Store<Pages.CheerState>} store
   * @param {Parts} parts
   */
  constructor(data, store, parts) {
    this.#data = data;
    this.#store = store;
    this.#parts = parts;
  }

  paint() {
    const { state } = this.#store;
    const now = phaseOf(state);
    const said = words(now, state, this.#data.region);
    const before = $("#headline").textContent;
    text($("#headline"), said.headline);
    text($("#detail"), said.detail);
    document.title = `${said.headline} · SpeedyCheers`;
    if (now !== this.#shownPhase) this.#enter(now);
    else if (now === "looking" || before !== said.headline) announce(said.headline);
    show($("#open-row"), this.#data.live && ["looking", "on-way", "running"].includes(now));
    show($("#cancel"), now === "looking" || now === "on-way");
    this.#parts.arrival.paint(state);
    this.#paintPhase(now);
  }

  /** @param {Pages.CheerPhase} now */
  #paintPhase(now) {
    const { state } = this.#store;
    if (now === "looking") paintLooking(state, this.#data);
    if (now === "on-way" || now === "running") this.#paintPartner();
    if (now === "on-way") paintOnWay(state, this.#data);
    if (now === "running") this.#paintRunning();
    if (now === "done") paintDone(state);
    if (now === "done") this.#parts.thanks?.paint(state);
    if (now === "cancelled") paintCancelled(state);
    if (now === "no-match") paintNoMatch(state);
  }

  /** @param {Pages.CheerPhase} now */
  #enter(now) {
    const { map, meter, cancelDialog, endDialog, fetchBill } = this.#parts;
    const first = this.#shownPhase === null;
    this.#shownPhase = now;
    showPanel(now);
    $("main").dataset.phase = now;
    paintTrack(now);
    show($(".track"), now !== "cancelled" && now !== "no-match");
    map.enter(now);
    if (!first) announce(`${$("#headline").textContent}. ${$("#detail").textContent}`);
    if (now !== "running") meter.stop();
    if (now !== "running") endDialog.close();
    if (now !== "on-way" && now !== "looking") cancelDialog.close();
    if (!first) map.lookAgain();
    if (now === "done" || (now === "cancelled" && this.#store.state.request.rideId)) fetchBill();
  }

  #paintPartner() {
    const { partner, partnerAt } = this.#store.state;
    const at = partnerAt ?? partner?.currentLocation;
    if (at) this.#parts.map.paintPartner(at, partner?.name ?? gettext("Your partner"));
  }

  #paintRunning() {
    const { ride, partner } = this.#store.state;
    // Only a ride not shown before restarts the clock: painting for other reasons must not turn it back.
    if (ride && this.#metered !== ride) this.#parts.meter.show(ride);
    this.#metered = ride;
    text($("#running-with"), partner ? fill(gettext("%(name)s is with you."), partner) : "");
  }

  /** The wait is a number that changes by itself. */
  paintWait() {
    if (phaseOf(this.#store.state) === "looking") paintLooking(this.#store.state, this.#data);
  }
}
