// On every page: the app's service worker, and the switch between the device's theme, light and dark.

const YEAR_S = 31_536_000;

// Without it the pages work as well, only not without a connection. It fetches a shell, for which nobody should wait.
if ("serviceWorker" in navigator && isSecureContext)
  addEventListener("load", () => navigator.serviceWorker.register("/sw.js").catch(() => {}));

// A cookie keeps the theme, so that the server's page has it at once.
/** @type {NodeListOf<HTMLInputElement>} */
const choices = document.querySelectorAll('input[name="theme"]');
for (const choice of choices)
  choice.addEventListener("change", () => {
    document.documentElement.dataset.theme = choice.value;
    const name = choice.closest("fieldset")?.dataset.cookie ?? "theme";
    const secure = name.startsWith("__Host-") ? "; secure" : "";
    document.cookie = `${name}=${choice.value}; path=/; max-age=${choice.value ? YEAR_S : 0}; samesite=lax${secure}`;
  });
