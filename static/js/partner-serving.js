// The ride in hand: on the way, then the running session.

import { ApiError, get, post } from "./api.js";
import { $, kindIcon, show, text, whilePressed } from "./dom.js";
import { EndDialog } from "./end-dialog.js";
import { distance, eta, metresBetween, travelS } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { Meter } from "./meter.js";
import { NoShow } from "./partner-no-show.js";

export class ServingPanel {
  #data;
  #on;
  /** @type {Api.Ride | null} */
  #ride = null;
  /** @type {Api.Ride | null} */
  #metered = null;
  #meter = new Meter(() => void this.refresh());
  #noShow;
  #endDialog;

  /**
   * @param {Pages.Partner} data
   * @param {object} on
   * @param {(ride: Api.Ride) => void} on.ride Is handed each new state of the ride.
   * @param {() => Promise<void>} on.sendPosition
   */
  constructor(data, on) {
    this.#data = data;
    this.#on = on;
    $("#start-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    $("#call-off").addEventListener("click", () => $("#call-off-dialog").showModal());
    $("#call-off-keep").addEventListener("click", () => $("#call-off-dialog").close());
    $("#call-off-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#callOff();
    });
    this.#noShow = new NoShow({ ride: on.ride, refresh: () => void this.refresh() });
    this.#endDialog = new EndDialog({
      meter: this.#meter,
      rideId: () => this.#ride?.rideId,
      onRide: on.ride,
      refresh: () => void this.refresh(),
    });
  }

  /**
   * @param {Api.Ride | null} ride
   * @param {Pages.Wish | null} request What is to be served, null until it is known.
   * @param {Api.Location | null} place Where the partner is.
   */
  paint(ride, request, place) {
    this.#ride = ride;
    const running = ride?.status === "in_progress";
    this.#noShow.paint(ride);
    if (!running) this.#meter.stop();
    if (!running) this.#endDialog.close();
    if (!ride) {
      this.#metered = null;
      $("#call-off-dialog").close();
      return;
    }
    show($("#start-form"), !running);
    show($("#call-off-row"), !running);
    show($("#way-row"), !running);
    show($("#running"), running);
    show($("#pin-field"), ride.pinRequired && !running);
    if (running && this.#metered !== ride) this.#meter.show(ride);
    this.#metered = running ? ride : null;
    if (request) this.#paintRequest(request, running ? null : place);
  }

  /**
   * @param {Pages.Wish} request
   * @param {Api.Location | null} place
   */
  #paintRequest(request, place) {
    const kind = this.#data.types[request.requestType] ?? { name: request.requestType, icon: "🎉" };
    if ($("#ride-type").textContent !== kind.name) $("#ride-icon").replaceChildren(kindIcon(request.requestType, kind));
    text($("#ride-type"), kind.name);
    text($("#ride-note"), request.note);
    show($("#ride-note"), Boolean(request.note));
    const { lat, lng } = request.location;
    $("#directions").href = `https://www.google.com/maps/dir/?api=1&destination=${lat},${lng}`;
    $("#geo").href = `geo:${lat},${lng}?q=${lat},${lng}`;
    const away = place && metresBetween(place, request.location);
    text(
      $("#ride-distance"),
      away === null
        ? ""
        : fill(gettext("%(distance)s to go, about %(time)s."), {
            distance: distance(away),
            time: eta(travelS(away, this.#data.travel)),
          }),
    );
  }

  /** @param {Api.Id | undefined} rideId */
  async #arrive(rideId) {
    await this.#on.sendPosition();
    this.#on.ride(await post("/rideArrive", { rideId }));
  }

  /** Ask how the ride stands. */
  async refresh() {
    const rideId = this.#ride?.rideId;
    if (!rideId) return;
    try {
      this.#on.ride(await get(`/ride/${rideId}`));
    } catch (error) {
      console.info("The ride could not be refreshed; the next try may do.", error);
    }
  }

  #start() {
    const pinField = $("#pin-input");
    const pin = pinField.value.trim();
    whilePressed($("#start"), async () => {
      try {
        const rideId = this.#ride?.rideId;
        if (!pin && !this.#ride?.arrivedAt) await this.#arrive(rideId);
        this.#on.ride(await post("/rideStart", { rideId, pin }));
        pinField.value = "";
      } catch (error) {
        if (!(error instanceof ApiError) || error.attr !== "pin") {
          void this.refresh();
          throw error;
        }
        text($("#pin-problem"), error.sentence);
        show($("#pin-problem"));
        pinField.setAttribute("aria-invalid", "true");
        pinField.select();
      }
    });
  }

  #callOff() {
    const reason = $("#reason").value;
    whilePressed($("#call-off-form button[type=submit]"), () =>
      this.#finish($("#call-off-dialog"), "/rideCancel", { reason }),
    );
  }

  /**
   * @param {HTMLDialogElement} dialog
   * @param {"/rideCancel"} path
   * @param {object} body
   */
  async #finish(dialog, path, body) {
    try {
      this.#on.ride(await post(path, { rideId: this.#ride?.rideId, ...body }));
    } catch (error) {
      void this.refresh(); // it may be over already
      throw error;
    } finally {
      dialog.close(); // the problem, if any, is told on the page behind it
    }
  }
}
