// The search of a place: a combobox with a list of what fits. What the map knows is there at once; the server adds
// streets, crossings and addresses.

import { get } from "./api.js";
import { $, make, show, text } from "./dom.js";
import { gettext } from "./i18n.js";
import { placesAt, placesNamed, together } from "./place-names.js";

const TYPED_MS = 250; // the server is not asked about every letter
/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export class PlaceSearch {
  #field = $("#search");
  #list = $("#search-results");
  #none = $("#search-none");
  #known;
  #near;
  #onChoice;
  /** @type {Pages.Named[]} */
  #found = [];
  #active = -1;
  #asked = "";
  #waiting = false;
  #wanted = false; // Enter was pressed before there was anything
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * @param {object} about
   * @param {() => Pages.Named[]} about.known What the map knows.
   * @param {() => Api.Location} about.near Where the user is looking.
   * @param {(chosen: Pages.Named) => void} about.onChoice
   */
  constructor({ known, near, onChoice }) {
    this.#known = known;
    this.#near = near;
    this.#onChoice = onChoice;
    this.#field.addEventListener("input", () => this.#search());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("blur", () => this.#close());
    // Before the field loses the focus, which would close the list.
    this.#list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      /** @type {HTMLElement | null} */
      const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (option) this.#choose(Number(option.dataset.index));
    });
  }

  clear() {
    this.#field.value = "";
    this.#close();
  }

  #search() {
    const asked = this.#field.value.trim();
    clearTimeout(this.#timer);
    this.#asked = asked;
    this.#wanted = false;
    this.#active = -1;
    const typed = placesAt(asked);
    this.#found = typed ?? placesNamed(this.#known(), asked);
    this.#waiting = Boolean(asked) && !typed;
    if (this.#waiting) this.#timer = setTimeout(() => this.#ask(asked), TYPED_MS);
    this.#paint();
  }

  /** @param {string} asked */
  async #ask(asked) {
    const { lat, lng } = this.#near();
    const query = new URLSearchParams({ q: asked, lat: lat.toFixed(3), lng: lng.toFixed(3) });
    const answered = await get(`/place?${query}`).then(
      ({ results }) => results.map(({ name, location }) => ({ name, place: location })),
      () => [], // without an answer there is still what the map knows
    );
    if (asked !== this.#asked) return;
    this.#waiting = false;
    this.#found = together(this.#found, answered);
    if (this.#wanted && this.#found.length) this.#choose(0);
    else this.#paint();
  }

  #paint() {
    this.#list.replaceChildren(
      ...this.#found.map(({ name }, index) => {
        const option = make("li", { id: `search-${index}`, role: "option", textContent: name });
        option.dataset.index = String(index);
        option.setAttribute("aria-selected", String(index === this.#active));
        return option;
      }),
    );
    const open = this.#found.length > 0;
    const none = !open && !this.#waiting && Boolean(this.#asked);
    show(this.#list, open);
    text(this.#none, none ? gettext("No results. Tap the map for the exact spot.") : "");
    this.#field.setAttribute("aria-expanded", String(open));
    if (this.#active >= 0) this.#field.setAttribute("aria-activedescendant", `search-${this.#active}`);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (step && this.#found.length) {
      event.preventDefault();
      const from = this.#active < 0 && step < 0 ? 0 : this.#active;
      this.#active = (from + step + this.#found.length) % this.#found.length;
      this.#paint();
    } else if (event.key === "Enter") {
      event.preventDefault(); // the form is sent by its button
      if (this.#found.length) this.#choose(Math.max(0, this.#active));
      else this.#wanted = this.#waiting;
    } else if (event.key === "Escape") {
      this.clear();
    }
  }

  /** @param {number} index */
  #choose(index) {
    const chosen = this.#found[index];
    this.#close();
    this.#field.value = chosen.name;
    this.#onChoice(chosen);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked = "";
    this.#waiting = false;
    this.#wanted = false;
    this.#found = [];
    this.#active = -1;
    this.#paint();
  }
}
