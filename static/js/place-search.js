// A search among the places that we know, without asking anybody: a combobox with a list of what fits.

import { $, make, show } from "./dom.js";

const SHOWN = 6;
/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const COORDINATES = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;
/** @param {string} text */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export class PlaceSearch {
  #field = $("#search");
  #list = $("#search-results");
  #places;
  /** @type {Pages.Named[]} */
  #found = [];
  #active = -1;
  #onChoice;

  /**
   * @param {() => Pages.Named[]} places
   * @param {(chosen: Pages.Named) => void} onChoice
   */
  constructor(places, onChoice) {
    this.#places = places;
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
    const wanted = plain(this.#field.value.trim());
    const typed = COORDINATES.exec(this.#field.value);
    if (typed) {
      const place = { lat: Number(typed[1]), lng: Number(typed[2]) };
      this.#found = Math.abs(place.lat) <= 90 && Math.abs(place.lng) <= 180 ? [{ name: typed[0].trim(), place }] : [];
    } else {
      const fits = this.#places().filter(({ name }) => wanted && plain(name).includes(wanted));
      /** @param {Pages.Named} named */
      const begins = ({ name }) => Number(!plain(name).startsWith(wanted));
      this.#found = fits.sort((a, b) => begins(a) - begins(b)).slice(0, SHOWN);
    }
    this.#active = -1;
    this.#paint();
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
    show(this.#list, open);
    this.#field.setAttribute("aria-expanded", String(open));
    if (this.#active >= 0) this.#field.setAttribute("aria-activedescendant", `search-${this.#active}`);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (step && this.#found.length) {
      event.preventDefault();
      this.#active = (this.#active + step + this.#found.length) % this.#found.length;
      this.#paint();
    } else if (event.key === "Enter") {
      event.preventDefault(); // the form is sent by its button
      if (this.#found.length) this.#choose(Math.max(0, this.#active));
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
    this.#found = [];
    this.#active = -1;
    this.#paint();
  }
}
