// A stand-in for what the scripts' modules touch of a page while they load. Import a script after having called this.

/** Stand in for a page in a language (`lang`), on a device of a locale (`locale`). */
export function standInForPage({ lang = "en", locale = "en-GB", cookie = "" } = {}) {
  const listeners = new EventTarget();
  const document = {
    documentElement: { lang },
    cookie,
    hidden: false,
    querySelector: () => null,
    addEventListener: listeners.addEventListener.bind(listeners),
  };
  const globals = {
    document,
    navigator: { language: locale },
    location: new URL("http://cheers.example/partner"),
    isSecureContext: false,
    addEventListener: listeners.addEventListener.bind(listeners),
    dispatchEvent: listeners.dispatchEvent.bind(listeners),
  };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** Let all promises that can settle do so. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
