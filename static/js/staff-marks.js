// The marks of a region's map as the server tells them: a snapshot, and changes after it (ops/live/board.py).

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));
const UNIT = 5e-5; // degrees
const MIDDLE = 32; // the digit of a step of nothing
const [ID, PLACE] = [22, 8]; // characters
const NOBODY = ".";

/**
 * @param {string} text
 * @param {number} start
 * @param {number} count
 */
function number(text, start, count) {
  let value = 0;
  for (let index = start; index < start + count; index += 1) value = value * 64 + (VALUES.get(text[index]) ?? 0);
  return value;
}

/** The marks of one region, in arrays: ten thousand objects a second would be much to clear away. */
export class Marks {
  #board = "";
  #n = 0;
  /** @type {string[]} */
  ids = [];
  /** @type {number[]} */
  north = []; // units from the south pole
  /** @type {number[]} */
  east = []; // units from the date line
  /** @type {string[]} */
  states = []; // "." is a slot without a mark

  /** @param {Frames.MapWhole} whole */
  begin({ board, n, ids, places, states }) {
    this.#board = board;
    this.#n = n;
    this.states = [...states];
    this.ids = this.states.map((_, slot) => ids.slice(slot * ID, (slot + 1) * ID));
    this.north = this.states.map((_, slot) => number(places, slot * PLACE, 4));
    this.east = this.states.map((_, slot) => number(places, slot * PLACE + 4, 4));
  }

  /**
   * Take in a change; says whether it follows the one before. If not, the snapshot is needed again.
   * @param {Frames.MapChange} change
   */
  follow({ board, n, steps, rows }) {
    if (board === this.#board && n <= this.#n) return true; // the snapshot has it already
    if (board !== this.#board || n !== this.#n + 1) return false;
    this.#n = n;
    this.#step(steps);
    for (const row of rows) this.#set(...row);
    return true;
  }

  /** @param {string} steps */
  #step(steps) {
    let slot = 0;
    for (let index = 0; index < steps.length; ) {
      if (steps[index] === ".") [slot, index] = [slot + 1, index + 1];
      else if (steps[index] === "~") [slot, index] = [slot + number(steps, index + 1, 2), index + 3];
      else {
        this.north[slot] += number(steps, index, 1) - MIDDLE;
        this.east[slot] += number(steps, index + 1, 1) - MIDDLE;
        [slot, index] = [slot + 1, index + 2];
      }
    }
  }

  /**
   * @param {number} slot
   * @param {string} state
   * @param {string} [place]
   * @param {string} [id]
   */
  #set(slot, state, place, id) {
    this.states[slot] = state;
    if (place !== undefined) {
      this.north[slot] = number(place, 0, 4);
      this.east[slot] = number(place, 4, 4);
    }
    if (id !== undefined) this.ids[slot] = id;
  }

  /** @param {number} slot */
  place(slot) {
    return { lat: this.north[slot] * UNIT - 90, lng: this.east[slot] * UNIT - 180 };
  }

  /** The slots that have a mark. */
  *slots() {
    for (const [slot, state] of this.states.entries()) if (state !== NOBODY) yield slot;
  }
}

/**
 * An id as the API writes it.
 * @param {string} short
 */
export function longId(short) {
  const bytes = [...atob(short.replaceAll("-", "+").replaceAll("_", "/"))].map((byte) => byte.charCodeAt(0));
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * An id as the map has it.
 * @param {string} long
 */
export function shortId(long) {
  const bytes = long.replaceAll("-", "").match(/../g) ?? [];
  const text = btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * When a row was made, in milliseconds: its id begins with that.
 * @param {string} long
 */
export const madeAt = (long) => Number.parseInt(long.replaceAll("-", "").slice(0, 12), 16);
