// What every script does with the document.

import { gettext } from "./i18n.js";
import { Problem } from "./problem.js";

/**
 * The first element that fits. The page has it: what may be missing is listed in script_types/elements.d.ts.
 * @template {string} Selector
 * @param {Elements.Known<Selector>} selector
 * @param {ParentNode} [root]
 * @returns {Elements.Found<Selector>}
 */
export const $ = (selector, root = document) => /** @type {any} */ (root.querySelector(selector));

/**
 * All elements that fit.
 * @template {string} Selector
 * @param {Selector} selector
 * @param {ParentNode} [root]
 * @returns {Elements.ByTag<Selector>[]}
 */
export const $$ = (selector, root = document) => /** @type {any} */ ([...root.querySelectorAll(selector)]);

/**
 * What the server put into the page for its script: one of `Pages`.
 * @param {ParentNode} [page]
 * @returns {any}
 */
export function pageData(page = document) {
  return JSON.parse($("#page-data", page).textContent);
}

/**
 * @param {HTMLElement | null} element
 * @param {boolean} [visible]
 */
export function show(element, visible = true) {
  if (element) element.hidden = !visible;
}

/**
 * Set an element's text, and only touch it where that changes something: live regions speak on every touch.
 * @param {Element | null} element
 * @param {string} value
 */
export function text(element, value) {
  if (element && element.textContent !== value) element.textContent = value;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const KINDS = new URL("../icons/kinds.svg", import.meta.url);
const SVG = "http://www.w3.org/2000/svg";

/**
 * A kind of cheer's picture: ours where there is one, else its emoji.
 * @param {string} slug
 * @param {Pages.Kind} kind
 */
export function kindIcon(slug, { icon, drawn }) {
  if (!drawn) return make("span", { className: "kind-icon", ariaHidden: "true", textContent: icon });
  const [picture, use] = ["svg", "use"].map((tag) => document.createElementNS(SVG, tag));
  picture.setAttribute("class", "kind-icon");
  picture.setAttribute("viewBox", "0 0 96 96");
  picture.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${KINDS.pathname}#${slug}`);
  picture.append(use);
  return picture;
}

/**
 * Show one of the sections marked with `data-panel`, hide the others.
 * @param {string} name
 */
export function showPanel(name) {
  /** @type {HTMLElement | null | undefined} */
  const panel = document.activeElement?.closest("[data-panel]");
  const lost = panel?.dataset.panel;
  for (const one of $$("[data-panel]")) show(one, one.dataset.panel === name);
  // Whoever was in a part that is gone goes on reading at the headline, not at the top of the page.
  if (lost && lost !== name) $("#headline").focus({ preventScroll: true });
}

/**
 * Tell those who can't see the change.
 * @param {string} sentence
 */
export function announce(sentence) {
  text($("#announcer"), sentence);
}

/**
 * Show what went wrong, in words; nothing hides it.
 * @param {string} sentence
 * @param {HTMLElement} [element]
 */
export function showProblem(sentence, element = $("#problem")) {
  text(element, sentence || "");
  show(element, Boolean(sentence));
}

/**
 * What a form's field holds; "" if it has none of that name, or no choice was made.
 * @param {HTMLFormElement} form
 * @param {string} name
 */
export function fieldValue(form, name) {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
}

/**
 * Run an action with its button held down, so that it can't be pressed twice; failures end up in `problem`.
 * @param {HTMLElement} button
 * @param {() => unknown} action
 * @param {HTMLElement} [problem]
 */
export function whilePressed(button, action, problem = $("#problem")) {
  if (button.getAttribute("aria-busy") !== "true") void pressed(button, action, problem);
}

/**
 * @param {HTMLElement} button
 * @param {() => unknown} action
 * @param {HTMLElement} problem
 */
async function pressed(button, action, problem) {
  button.setAttribute("aria-busy", "true");
  showProblem("", problem);
  try {
    await action();
  } catch (error) {
    const sentence = error instanceof Problem ? error.sentence : "";
    if (!sentence) console.error(error);
    showProblem(sentence || gettext("Something went wrong in this page. Please reload it."), problem);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
