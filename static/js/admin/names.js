// The admin is in English, and its pages are Unfold's. This names what they leave unnamed, before their scroll bars are made.

/** @type {[string, string, string][]} */
const NAMES = [
  ["#nav-sidebar-inner", "aria-label", "Menu"],
  ["#nav-sidebar-apps", "data-simplebar-aria-label", "Lists"],
  ["#tabs-items", "aria-label", "Parts of this page"],
  ["#changelist-form [data-simplebar]", "data-simplebar-aria-label", "Rows"],
  ["#changelist-filter [data-simplebar]", "data-simplebar-aria-label", "Filters"],
  ["#searchbar-submit", "aria-label", "Search"],
  ["#header-inner a[x-on\\:click*=showActions]", "aria-label", "More"],
  ["#modal-content", "role", "dialog"],
  ["#modal-content", "aria-modal", "true"],
  ["#modal-content", "aria-label", "Step"],
];

document.addEventListener("DOMContentLoaded", () => {
  for (const [selector, attribute, name] of NAMES) {
    for (const element of document.querySelectorAll(selector)) {
      element.setAttribute(attribute, name);
    }
  }
});
