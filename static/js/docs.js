// What the browsable API lacks for those who use it by keyboard or ear, as a plugin of Swagger UI.

/** What has no name of its own: the element, and its name. */
const UNNAMED = [
  ["select.examples-select-element", "Example"],
  ["table.responses-table[role=region]", "Responses"],
];

// Its own dark colours go by a class.
document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);

new MutationObserver(() => {
  for (const [selector, name] of UNNAMED)
    for (const element of document.querySelectorAll(`${selector}:not([aria-label])`))
      element.setAttribute("aria-label", element.id ? `${name}: ${element.id}` : name);
}).observe(document.documentElement, { childList: true, subtree: true });

/** @typedef {{ React: { createElement(...parts: any[]): any } }} System */

// The library reads this in its settings (speedycheers/settings/interface.py).
Object.assign(globalThis, {
  inHouse: {
    wrapComponents: {
      // An operation's name is within its button, where a link of its own can't be reached.
      DeepLink:
        (/** @type {unknown} */ _, /** @type {System} */ { React }) =>
        (/** @type {{ text: string }} */ { text }) =>
          React.createElement("span", null, text),
      InfoContainer:
        (/** @type {unknown} */ Original, /** @type {System} */ { React }) =>
        (/** @type {object} */ props) =>
          React.createElement("section", { "aria-label": "About the API" }, React.createElement(Original, props)),
      // The tags are headings of the third level.
      operations:
        (/** @type {unknown} */ Original, /** @type {System} */ { React }) =>
        (/** @type {object} */ props) =>
          React.createElement(
            "div",
            null,
            React.createElement("h2", { className: "part" }, "Operations"),
            React.createElement(Original, props),
          ),
    },
  },
});
