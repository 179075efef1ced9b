// The map of the staff page: thousands of marks on one canvas, and beside it the requests that wait longest.

import { $, make, text } from "./dom.js";
import { duration } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { longId, Marks, madeAt, shortId } from "./staff-marks.js";

/** @import { CityMap } from "./map.js" */

const UNITS = 360 / 5e-5; // around the earth
const SIZE = 5; // of a partner, in pixels; a request is twice as large
const [WAITING, ASKED] = ["w", "a"];
const SHOWN = 12; // requests in the list
const REACH = 16; // from a click to its mark, in pixels
const STATES = ["s", "f", "b", "o", "a", "w"]; // those of which there are few lie above the others

export class StaffMap {
  /** @type {Record<string, Marks>} */
  #regions = {};
  #chosen = "";
  #due = false;
  /** @type {{ id: string, marks: Marks } | null} */
  #opened = null; // its id as the map has it
  #canvas = make("canvas", { className: "marks", ariaHidden: "true" });
  #city;

  /** @param {CityMap} city */
  constructor(city) {
    this.#city = city;
    city.map.getContainer().append(this.#canvas);
    for (const event of ["move", "zoom", "zoomend", "viewreset", "resize"]) city.map.on(event, () => this.#soon());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#soon());
  }

  /**
   * Call back when a mark is clicked, or with the mark nearest to the middle when Enter is pressed.
   * @param {(kind: "request" | "partner", id: string) => void} callback
   */
  onOpen(callback) {
    const { map } = this.#city;
    /**
     * @param {{ x: number, y: number }} point
     * @param {number} reach
     */
    const open = (point, reach) => {
      const found = nearest(this.#shown, projection(map), point, reach);
      if (found) callback(isRequest(found.state) ? "request" : "partner", longId(found.id));
    };
    map.on("click", ({ containerPoint }) => open(containerPoint, REACH));
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== map.getContainer()) return;
      event.preventDefault();
      const { x, y } = map.getSize();
      open({ x: x / 2, y: y / 2 }, Math.max(x, y) / 2);
    });
  }

  /**
   * Put a ring around a mark, or around none.
   * @param {string} [id]
   */
  ring(id) {
    const short = id && shortId(id);
    const marks = short && Object.values(this.#regions).find(({ ids }) => ids.includes(short));
    this.#opened = short && marks ? { id: short, marks } : null;
    this.#soon();
  }

  /**
   * The state of a mark, by which a page tells that something has happened; "" if it is not on the map.
   * @param {string} id
   */
  stateOf(id) {
    const short = shortId(id);
    for (const { ids, states } of Object.values(this.#regions)) {
      const slot = ids.indexOf(short);
      if (slot >= 0) return states[slot];
    }
    return "";
  }

  /** @param {Record<string, Frames.MapWhole>} maps */
  begin(maps) {
    for (const [slug, whole] of Object.entries(maps)) {
      this.#regions[slug] ??= new Marks();
      this.#regions[slug].begin(whole);
    }
    this.#soon();
  }

  /**
   * @param {Frames.MapChange} change
   * @returns {boolean} Whether it could be followed.
   */
  follow(change) {
    const follows = this.#regions[change.region]?.follow(change) ?? false;
    if (follows) this.#soon();
    return follows;
  }

  /** @param {string} slug "" for all. */
  choose(slug) {
    this.#chosen = slug;
    const region = this.#city.regions.find((one) => !slug || one.slug === slug);
    if (region) this.#city.fit(region.boundary[0].map(([lng, lat]) => ({ lat, lng })));
    this.#soon();
  }

  /** Once before the next picture, whatever has changed until then. */
  #soon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#draw();
    });
  }

  get #shown() {
    return Object.entries(this.#regions)
      .filter(([slug]) => !this.#chosen || slug === this.#chosen)
      .map(([, marks]) => marks);
  }

  #draw() {
    const { map } = this.#city;
    const pen = this.#cleared(map.getSize());
    if (!pen) return;
    const project = projection(map);
    for (const state of STATES) {
      pen.fillStyle = getComputedStyle($(`[data-mark="${state}"]`), "::before").backgroundColor; // as the legend has it
      for (const marks of this.#shown) dots(pen, marks, state, project);
    }
    if (this.#opened) circle(pen, this.#opened.marks, this.#opened.id, project);
  }

  /** @param {{ x: number, y: number }} size Of the map, in pixels. */
  #cleared({ x, y }) {
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(x * sharp), Math.round(y * sharp)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const pen = this.#canvas.getContext("2d");
    pen?.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen?.clearRect(0, 0, x, y);
    return pen;
  }

  /**
   * List the requests that have waited longest.
   * @param {number} now In milliseconds.
   */
  list(now) {
    const waiting = this.#shown.flatMap((marks) =>
      [...marks.slots()]
        .filter((slot) => isRequest(marks.states[slot]))
        .map((slot) => ({ id: longId(marks.ids[slot]), asked: marks.states[slot] === ASKED })),
    );
    waiting.sort((a, b) => madeAt(a.id) - madeAt(b.id));
    const list = $("#longest");
    const rows = waiting.slice(0, SHOWN);
    while (list.children.length > rows.length) list.lastElementChild?.remove();
    for (const [index, { id, asked }] of rows.entries()) {
      const link = /** @type {HTMLAnchorElement} */ (list.children[index]?.firstElementChild ?? this.#add(list));
      const href = `${list.dataset.href}${id}/change/`;
      if (link.getAttribute("href") !== href) link.href = href;
      const sentence = asked ? gettext("offered; since %(time)s") : gettext("looking for a partner; since %(time)s");
      text(link, fill(sentence, { time: duration((now - madeAt(id)) / 1000) }));
    }
    text($("#waiting-more"), waiting.length > SHOWN ? `+ ${waiting.length - SHOWN}` : "");
  }

  /** @param {HTMLElement} list */
  #add(list) {
    const link = make("a");
    list.append(make("li", {}, link));
    return link;
  }
}

/** @param {string} state */
const isRequest = (state) => state === WAITING || state === ASKED;

/**
 * The mark nearest to a point, if there is one within reach.
 * @param {Marks[]} shown
 * @param {ReturnType<typeof projection>} project
 * @param {{ x: number, y: number }} point
 * @param {number} reach In pixels.
 */
function nearest(shown, project, { x, y }, reach) {
  let [least, found] = [reach, /** @type {{ id: string, state: string } | null} */ (null)];
  for (const marks of shown)
    for (const slot of marks.slots()) {
      const away = Math.hypot(project.x(marks.east[slot]) - x, project.y(marks.north[slot]) - y);
      if (away <= least) [least, found] = [away, { id: marks.ids[slot], state: marks.states[slot] }];
    }
  return found;
}

/**
 * Draw a ring around the mark with this id.
 * @param {CanvasRenderingContext2D} pen
 * @param {Marks} marks
 * @param {string} id
 * @param {ReturnType<typeof projection>} project
 */
function circle(pen, marks, id, project) {
  const slot = marks.ids.indexOf(id);
  if (slot < 0) return;
  pen.strokeStyle = getComputedStyle(document.body).color;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(project.x(marks.east[slot]), project.y(marks.north[slot]), 2 * SIZE + 2, 0, 2 * Math.PI);
  pen.stroke();
}

/**
 * Draw the marks of one state.
 * @param {CanvasRenderingContext2D} pen
 * @param {Marks} marks
 * @param {string} state
 * @param {ReturnType<typeof projection>} project
 */
function dots(pen, marks, state, project) {
  const size = isRequest(state) ? 2 * SIZE : SIZE;
  for (let slot = 0; slot < marks.states.length; slot += 1)
    if (marks.states[slot] === state)
      pen.fillRect(project.x(marks.east[slot]) - size / 2, project.y(marks.north[slot]) - size / 2, size, size);
}

/**
 * From units to pixels of the map's container, by the web's Mercator projection.
 * @param {CityMap["map"]} map
 */
function projection(map) {
  const size = 256 * 2 ** map.getZoom();
  const corner = map.getPixelBounds().min ?? { x: 0, y: 0 };
  return {
    /** @param {number} east */
    x: (east) => (east / UNITS) * size - corner.x,
    /** @param {number} north */
    y: (north) => {
      const sine = Math.sin(((north * 5e-5 - 90) * Math.PI) / 180);
      return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size - corner.y;
    },
  };
}
