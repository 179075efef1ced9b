// What opens beside the map: a request, a partner or an alert with its story and steps, as the server writes it.

import { $, $$, announce, make, show } from "./dom.js";
import { gettext } from "./i18n.js";

/** @typedef {"request" | "partner" | "alert"} Kind */

/**
 * Pages of the admin that open here, too.
 * @type {[RegExp, Kind][]}
 */
const PAGES = [
  [/\/requests_app\/cheerrequest\/([0-9a-f-]{36})\/change\/$/, "request"],
  [/\/accounts\/partner\/([0-9a-f-]{36})\/change\/$/, "partner"],
  [/\/alerts\/alert\/([0-9a-f-]{36})\/change\/$/, "alert"],
];

export class Beside {
  /** @type {{ kind: Kind, id: string, state: string } | null} */
  #opened = null;
  /** @type {HTMLElement | null} */
  #opener = null;
  #panel = /** @type {HTMLElement} */ ($("#beside"));
  #body = $("#beside-body");
  #about;

  /**
   * @param {object} about
   * @param {(kind: Kind, id: string) => string} about.stateOf Changes when it has to be read again.
   * @param {(id?: string) => void} about.onChange Is told what is open, if anything.
   */
  constructor(about) {
    this.#about = about;
    document.addEventListener("click", (event) => this.#follow(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#opened && !event.defaultPrevented) this.close();
    });
    this.#panel.addEventListener("submit", (event) => void this.#take(event));
    $("#beside-close").addEventListener("click", () => this.close());
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   */
  async open(kind, id) {
    if (!this.#panel.contains(document.activeElement))
      this.#opener = /** @type {HTMLElement | null} */ (document.activeElement);
    this.#opened = { kind, id, state: this.#about.stateOf(kind, id) };
    this.#about.onChange(id);
    await this.#read();
    $("h2", this.#body)?.focus({ preventScroll: false });
  }

  close() {
    this.#opened = null;
    show(this.#panel, false);
    this.#body.replaceChildren();
    this.#about.onChange();
    if (this.#opener?.isConnected) this.#opener.focus();
  }

  /** Read it again if something has happened to it, unless somebody fills in one of its forms. */
  look() {
    if (!this.#opened || $("details[open]", this.#body)) return;
    const { kind, id, state } = this.#opened;
    const now = this.#about.stateOf(kind, id);
    if (now === state) return;
    this.#opened.state = now;
    void this.#read($$(".note", this.#body)); // the server says only once what came of a step
  }

  /** @param {HTMLElement[]} notes That go on being shown. */
  async #read(notes = []) {
    const opened = this.#opened;
    if (!opened) return;
    const content = await contentOf(`${this.#panel.dataset.href}${opened.kind}/${opened.id}/`);
    if (this.#opened !== opened) return; // another one has been opened meanwhile
    const above = this.#body.scrollTop;
    const focused = this.#body.contains(document.activeElement);
    this.#body.replaceChildren(...content);
    $("h2", this.#body)?.after(...notes);
    show(this.#panel);
    this.#body.scrollTop = above;
    if (focused) $("h2", this.#body)?.focus({ preventScroll: true });
  }

  /**
   * Open a link to a page that can be shown here, unless it is opened elsewhere.
   * @param {MouseEvent} event
   */
  #follow(event) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.dataset.page !== undefined) return;
    const { pathname } = new URL(link.href, location.href);
    for (const [pattern, kind] of PAGES) {
      const found = pattern.exec(pathname);
      if (!found) continue;
      event.preventDefault();
      void this.open(kind, found[1]);
    }
  }

  /**
   * Take a step, then show what has become of it: the server's message is in what is read again.
   * @param {SubmitEvent} event
   */
  async #take(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ ($("button", form));
    button.disabled = true;
    // As the admin's own dialogs send it: the answer then does not lead to the admin.
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "HX-Request": "true" },
    }).catch(() => null);
    if (answer?.ok) await this.#read();
    else form.append(make("p", { className: "problem", role: "alert", textContent: gettext("That did not work.") }));
    button.disabled = false;
    announce($(".note", this.#body)?.textContent ?? "");
  }
}

/**
 * @param {string} address
 * @returns {Promise<Node[]>}
 */
async function contentOf(address) {
  const answer = await fetch(address, { cache: "no-store" }).catch(() => null);
  if (answer?.redirected) location.reload(); // signed out
  if (answer?.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return [...page.body.childNodes];
  }
  const sentence =
    answer?.status === 403
      ? gettext("You have no right to see this.")
      : answer?.status === 404
        ? gettext("This is not there any more.")
        : gettext("We can't reach the server. Check your connection and try again.");
  return [make("h2", { tabIndex: -1, textContent: sentence })];
}
