// What every script does with the document.

import { gettext } from "./i18n.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** What the server put into the page for its script. */
export function pageData() {
  return JSON.parse($("#page-data").textContent);
}

export function show(element, visible = true) {
  if (element) element.hidden = !visible;
}

/** Set an element's text, and only touch it where that changes something: live regions speak on every touch. */
export function text(element, value) {
  if (element && element.textContent !== value) element.textContent = value;
}

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const KINDS = new URL("../icons/kinds.svg", import.meta.url);
const SVG = "http://www.w3.org/2000/svg";

/** A kind of cheer's picture: ours where there is one, else its emoji. */
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

/** Show one of the sections marked with `data-panel`, hide the others. */
export function showPanel(name) {
  const lost = document.activeElement?.closest("[data-panel]")?.dataset.panel;
  for (const panel of $$("[data-panel]")) show(panel, panel.dataset.panel === name);
  // Whoever was in a part that is gone goes on reading at the headline, not at the top of the page.
  if (lost && lost !== name) $("#headline").focus({ preventScroll: true });
}

/** Tell those who can't see the change. */
export function announce(sentence) {
  text($("#announcer"), sentence);
}

/** Show what went wrong, in words; nothing hides it. */
export function showProblem(sentence, element = $("#problem")) {
  text(element, sentence || "");
  show(element, Boolean(sentence));
}

/** Run an action with its button held down, so that it can't be pressed twice; failures end up in `problem`. */
export async function whilePressed(button, action, problem = $("#problem")) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  showProblem("", problem);
  try {
    return await action();
  } catch (error) {
    if (!error.sentence) console.error(error);
    showProblem(error.sentence || gettext("Something went wrong in this page. Please reload it."), problem);
    return undefined;
  } finally {
    button.removeAttribute("aria-busy");
  }
}
