// Cancelling: what it costs is said first, and counted down while the dialog is open.

import { post } from "./api.js";
import { $, text, whilePressed } from "./dom.js";
import { clock, money } from "./format.js";
import { serverNow } from "./server-clock.js";

export class CancelDialog {
  #dialog = $("#cancel-dialog");
  #about;

  /** `terms`: the region's tariff and cancellation rule. `ride()`: the present ride or null. */
  constructor(about) {
    this.#about = about;
    $("#cancel").addEventListener("click", () => {
      this.#paint();
      this.#dialog.showModal();
    });
    $("#cancel-keep").addEventListener("click", () => this.close());
    $("#cancel-confirm").addEventListener("click", () => this.#cancel());
    setInterval(() => this.#dialog.open && this.#paint(), 500);
  }

  close() {
    this.#dialog.close();
  }

  /** Seconds of free cancellation left; Infinity before anybody has accepted. */
  #graceLeftS() {
    const ride = this.#about.ride();
    if (!ride) return Infinity;
    return (Date.parse(ride.acceptedAt) - serverNow()) / 1000 + this.#about.terms.cancellation.graceS;
  }

  #paint() {
    const { cancellation, tariff } = this.#about.terms;
    const fee = money({ amount: cancellation.amount, currency: tariff.currency });
    const left = this.#graceLeftS();
    const free = left > 0 || cancellation.amount === 0;
    let terms = "Nobody has accepted yet, so cancelling is free.";
    if (left !== Infinity) {
      terms = free
        ? `Cancelling is free for another ${clock(left)}. After that it costs ${fee}.`
        : `Your partner has been on the way for a while, so cancelling now costs ${fee}.`;
      if (cancellation.amount === 0) terms = "Your partner is on the way. Cancelling is free.";
    }
    text($("#cancel-terms"), terms);
    text($("#cancel-confirm"), free ? "Cancel it, free of charge" : `Cancel it and pay ${fee}`);
  }

  #cancel() {
    whilePressed($("#cancel-confirm"), async () => {
      try {
        this.#about.onRequest(await post(`/cheerRequest/${this.#about.requestId}/cancel`));
      } finally {
        this.close(); // the problem, if any, is told on the page behind it
      }
    });
  }
}
