// Cancelling: the server says what it costs, and that is shown first and counted down while the dialog is open.

import { get, post } from "./api.js";
import { $, text, whilePressed } from "./dom.js";
import { clock, money } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { serverNow } from "./server-clock.js";

export class CancelDialog {
  #dialog = $("#cancel-dialog");
  #about;

  /**
   * @param {object} about
   * @param {Api.Id} about.requestId
   * @param {() => Api.CheerRequest} about.request As last heard of.
   * @param {(request: Api.CheerRequest) => void} about.onRequest Is handed each new state.
   */
  constructor(about) {
    this.#about = about;
    $("#cancel").addEventListener("click", () => this.#ask());
    $("#cancel-keep").addEventListener("click", () => this.close());
    $("#cancel-confirm").addEventListener("click", () => this.#cancel());
    setInterval(() => this.#dialog.open && this.#paint(), 500);
  }

  close() {
    this.#dialog.close();
  }

  #ask() {
    whilePressed($("#cancel"), async () => {
      this.#about.onRequest(await get(`/cheerRequest/${this.#about.requestId}`));
      if (!this.#about.request().cancellation) return; // too late for that: the page shows why
      this.#paint();
      this.#dialog.showModal();
    });
  }

  #paint() {
    const { cancellation } = this.#about.request();
    if (!cancellation) return;
    const { lateFee, freeUntil } = cancellation;
    const fee = money(lateFee);
    const leftS = freeUntil ? (Date.parse(freeUntil) - serverNow()) / 1000 : Infinity;
    const free = leftS > 0 || lateFee.amount === 0;
    let terms = gettext("Nobody has accepted yet, so cancelling is free.");
    if (freeUntil && lateFee.amount === 0) terms = gettext("Your partner is on the way. Cancelling is free.");
    else if (freeUntil)
      terms = free
        ? fill(gettext("Cancelling is free for another %(time)s. After that it costs %(fee)s."), {
            time: clock(leftS),
            fee,
          })
        : fill(gettext("Your partner has been on the way for a while, so cancelling now costs %(fee)s."), { fee });
    text($("#cancel-terms"), terms);
    text(
      $("#cancel-confirm"),
      free ? gettext("Cancel it, free of charge") : fill(gettext("Cancel it and pay %(fee)s"), { fee }),
    );
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
