// What the user answers when their partner has arrived, or only seems to have.

import { post } from "./api.js";
import { $, show, text, whilePressed } from "./dom.js";
import { fill, gettext } from "./i18n.js";

export class ArrivalAnswers {
  #dialog = $("#nobody-dialog");
  #onRide;
  /** @type {Api.Ride | null} */
  #ride = null;

  /** @param {(ride: Api.Ride) => void} onRide Is handed each new state. */
  constructor(onRide) {
    this.#onRide = onRide;
    $("#here").addEventListener("click", () => whilePressed($("#here"), () => this.#say("here")));
    for (const button of [$("#nobody-here"), $("#nobody-running")])
      button.addEventListener("click", () => this.#dialog.showModal());
    $("#nobody-keep").addEventListener("click", () => this.#dialog.close());
    $("#nobody-confirm").addEventListener("click", () =>
      whilePressed($("#nobody-confirm"), async () => {
        try {
          await this.#say("nobodyHere");
        } finally {
          this.#dialog.close(); // the problem, if any, is told on the page behind it
        }
      }),
    );
  }

  /** @param {"here" | "nobodyHere"} answer */
  async #say(answer) {
    if (this.#ride) this.#onRide(await post(`/ride/${this.#ride.rideId}/${answer}`));
  }

  /** @param {Readonly<Pages.CheerState>} state */
  paint({ ride, partner }) {
    this.#ride = ride;
    const running = ride?.status === "in_progress";
    const waiting = ride?.status === "en_route";
    if (!waiting && !running) this.#dialog.close();
    show($("#arrival-card"), Boolean(waiting && (ride.arrivedAt || ride.disputedAt)));
    show($("#arrival-answers"), Boolean(waiting && ride.arrivedAt));
    show($("#here"), Boolean(waiting && !ride.userHereAt));
    // A PIN shows that they have met, and after the first increment the session has taken place.
    show($("#nobody-running"), Boolean(running && !ride.pinRequired && ride.elapsedS < ride.tariff.incrementS));
    const name = partner?.name ?? gettext("Your partner");
    if (waiting) text($("#arrival-text"), arrivalText(ride, name));
    text($("#nobody-terms"), running ? RUNNING : WAITING);
  }
}

const WAITING = gettext("Your partner can't charge you for a wait, and our staff look at it.");
const RUNNING = gettext("The cheer ends, and you are not charged before our staff have looked at it.");

/**
 * @param {Api.Ride} ride
 * @param {string} name The partner's.
 */
function arrivalText(ride, name) {
  if (ride.disputedAt)
    return gettext("You have said that nobody is there. If somebody comes after all, tell them the number below.");
  if (ride.userHereAt) return fill(gettext("We have told %(name)s that you are there."), { name });
  return fill(gettext("%(name)s says that they are at the pin. Are you there, too?"), { name });
}
