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
  /** Draws lines and bars; on the pages of figures. */
  uPlot?: UPlot.Library;
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

declare namespace UPlot {
  type Values = (number | null)[];

  interface Axis {
    stroke: string;
    grid: { stroke: string; width: number };
    ticks: { stroke: string; width: number };
    values: (chart: unknown, splits: number[]) => string[];
    incrs?: number[];
    space?: number;
    size?: number;
  }

  interface Series {
    label: string;
    value: (chart: unknown, value: number | null) => string;
    stroke?: string;
    fill?: string;
    width?: number;
    dash?: number[];
    paths?: unknown;
    points?: { show: boolean };
  }

  interface Options {
    width: number;
    height: number;
    scales: Record<
      string,
      { time?: boolean; range: (chart: unknown, least: number, most: number) => [number, number] }
    >;
    axes: Axis[];
    series: Series[];
  }

  interface Library {
    new (options: Options, data: Values[], place: HTMLElement): unknown;
    paths: { bars(how: { size: [number, number] }): unknown };
  }
}

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
