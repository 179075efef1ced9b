// Libraries that a page loads as classic scripts, as far as our scripts call them.

interface Window {
  /** Leaflet. */
  L: typeof import("leaflet");
  /** Draws vector tiles on Leaflet; loaded when they are wanted. */
  protomapsL: {
    leafletLayer(options: {
      url: string;
      attribution: string;
      flavor: string;
      maxDataZoom: number;
    }): import("leaflet").Layer;
  };
  /** The payment provider's library. */
  Stripe(key: string, options: { locale: string }): Stripe.Client;
}

/** The page's texts in its language; absent in English. */
declare var django:
  | {
      gettext(sentence: string): string;
      ngettext(one: string, many: string, n: number): string;
    }
  | undefined;

declare namespace Stripe {
  interface Card {
    mount(place: string): void;
  }

  interface Answer {
    error?: { message: string };
  }

  interface Client {
    elements(): { create(kind: "card"): Card };
    confirmCardSetup(clientSecret: string, how: { payment_method: { card: Card } }): Promise<Answer>;
    confirmCardPayment(clientSecret: string, how?: { payment_method: string }): Promise<Answer>;
  }
}
