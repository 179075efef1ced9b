// The places that a user has given a name: chips to press, and a dialog to add one.

import { get, post } from "./api.js";
import { $, make, show, whilePressed } from "./dom.js";
import { fill, gettext } from "./i18n.js";
import { Problem } from "./problem.js";

export class SavedPlaces {
  #places;
  #choose;

  /**
   * @param {Api.SavedPlace[]} places As the API lists them.
   * @param {object} about
   * @param {() => Api.Location | null} about.chosen The present place.
   * @param {(saved: Api.SavedPlace) => void} about.choose Goes to one.
   */
  constructor(places, { chosen, choose }) {
    this.#places = places;
    this.#choose = choose;
    $("#save-place").addEventListener("click", () => {
      $("#save-name").value = "";
      $("#save-dialog").showModal();
    });
    $("#save-cancel").addEventListener("click", () => $("#save-dialog").close());
    $("#save-form").addEventListener("submit", (event) => {
      event.preventDefault();
      whilePressed($("#save-form button[type=submit]"), () => this.#save(chosen()), $("#save-problem"));
    });
    this.#paint();
  }

  /**
   * The name that the user has given to this very place, if any.
   * @param {Api.Location} place
   */
  nameOf(place) {
    return this.#places.find(({ location }) => location.lat === place.lat && location.lng === place.lng)?.name;
  }

  /** @param {Api.Location | null} location */
  async #save(location) {
    const name = $("#save-name").value.trim();
    if (!name) throw new Problem(gettext("Give it a name first."));
    const saved = await post("/savedPlace", { name, location });
    this.#places = [...this.#places.filter(({ placeId }) => placeId !== saved.placeId), saved];
    $("#save-dialog").close();
    this.#paint();
    this.#choose(saved);
  }

  /** @param {Api.SavedPlace} saved */
  async #remove(saved) {
    await post(`/savedPlace/${saved.placeId}/forget`);
    this.#places = (await get("/savedPlace")).results;
    this.#paint();
  }

  #paint() {
    $("#saved").replaceChildren(...this.#places.map((saved) => this.#chip(saved)));
    show($("#saved"), this.#places.length > 0);
  }

  /** @param {Api.SavedPlace} saved */
  #chip(saved) {
    const go = make("button", { type: "button", textContent: saved.name });
    const gone = make("button", { type: "button", className: "chip-remove", textContent: "×" });
    gone.setAttribute("aria-label", fill(gettext("Forget %(name)s"), saved));
    go.addEventListener("click", () => this.#choose(saved));
    gone.addEventListener("click", () => whilePressed(gone, () => this.#remove(saved)));
    return make("span", { className: "chip" }, go, gone);
  }
}
