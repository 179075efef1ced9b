// What the server puts into a page for its script (web/page_data.py), and what the scripts remember.

declare namespace Pages {
  interface Tiles {
    url: string;
    attribution: string;
  }

  /** How a straight line turns into seconds. */
  interface Travel {
    speedMps: number;
    streetFactor: number;
  }

  type LatLng = [lat: number, lng: number];
  /** As GeoJSON has it: longitude first. */
  type Ring = [lng: number, lat: number][];
  type Polygon = Ring[];

  type Geometry = import("geojson").Polygon | import("geojson").MultiPolygon;
  /** A zone as a region's GeoJSON has it; `label` is where its name stands. */
  type Zone = import("geojson").Feature<Geometry, { name: string; park?: boolean; label: [lng: number, lat: number] }>;

  /** static/map/README.md describes it. */
  interface RegionMap {
    view: [lat: number, lng: number, zoom: number];
    ground: string;
    zones: string;
    labels: [name: string, lat: number, lng: number][];
    places: [name: string, lat: number, lng: number, major?: boolean][];
  }

  interface Region {
    slug: string;
    name: string;
    boundary: Polygon;
    timeZone: string;
    tariff: Api.Tariff;
    cancellation: { amount: number; graceS: number };
    pricesDigest: string;
    taxNote: string;
    /** Why the region takes no requests now; empty if it takes them. */
    closed: string;
    map: RegionMap | null;
    /** On the request screen: the minor units of credit that can be spent there. */
    credit?: number;
  }

  /** A place with a name. */
  interface Named {
    name: string;
    place: Api.Location;
  }

  interface Staff {
    live: Live;
    regions: Region[];
    tiles: Tiles | null;
  }

  /** The figures of a region, each with its address and how it is drawn. */
  interface Insights {
    figures: {
      name: string;
      title: string;
      url: string;
      drawing: "lines" | "bars" | "map";
      drawn: string[];
      perKind: boolean;
      note: string;
    }[];
    regions: Region[];
    tiles: Tiles | null;
  }

  /** Where it is usually busy; `level` is 1 to 4. */
  interface PartnerWeek {
    cells: { lat: number; lng: number; level: number }[];
    regions: Region[];
    tiles: Tiles | null;
  }

  /** An open alert; its scope is a region's slug or the like. */
  interface Alert {
    alertId: string;
    rule: string;
    scope: string;
    summary: string;
    severity: "page" | "warn";
    status: "firing" | "escalated" | "acknowledged" | "silenced";
    firedAt: number;
  }

  /** What the staff page knows, by the regions' slugs; moments in milliseconds, minutes counted since 1970. */
  interface Live {
    at: number;
    countedAt?: number | null;
    now: Record<string, Api.Counts>;
    alerts: Record<string, Alert[]>;
    minutes: Record<string, Record<number, number[]>>;
    /** Minor units by currency. */
    revenue: Record<string, Record<number, Record<string, number>>>;
    health: Record<string, [state: string, figure: number | null]>;
  }

  interface Request {
    regions: Region[];
    tiles: Tiles | null;
    savedPlaces: Api.SavedPlace[];
    planned: Api.ScheduledRequest[];
    again: (Pick<Api.CheerRequest, "requestType" | "note"> & { location: Api.CheerRequest["location"] | null }) | null;
  }

  interface Cheer {
    now: Api.Time;
    live: boolean;
    request: Api.CheerRequest;
    ride: Api.Ride | null;
    region: Region;
    tiles: Tiles | null;
    offerTtlS: number;
    travel: Travel;
  }

  /** What the cheer page knows. `requeued`: a partner has called off, and another is looked for. */
  interface CheerState {
    request: Api.CheerRequest;
    ride: Api.Ride | null;
    partner: Api.VisiblePartner | null;
    partnerAt: Api.Location | null;
    bill: Api.Receipt | null;
    requeued: boolean;
  }

  type CheerPhase = "looking" | "on-way" | "running" | "done" | "cancelled" | "no-match";

  interface Shared {
    token: string;
    cheer: Api.SharedCheer;
    region: Region;
    tiles: Tiles | null;
    travel: Travel;
  }

  interface Kind {
    name: string;
    icon: string;
    drawn?: boolean;
  }

  interface Partner {
    now: Api.Time;
    partner: Api.Partner;
    offers: Api.Offer[];
    ride: Api.Ride | null;
    regions: Region[];
    tiles: Tiles | null;
    offerTtlS: number;
    types: Record<string, Kind>;
    travel: Travel;
  }

  /** What is to be served: the request itself, or the offer that has just been accepted. */
  type Wish = Pick<Api.CheerRequest, "requestId" | "location" | "requestType" | "note">;

  /** What the partner's console knows. */
  interface PartnerState {
    partner: Api.Partner;
    offer: Api.Offer | null;
    ride: Api.Ride | null;
    request: Wish | null;
    advice: Frames.Advice | null;
  }

  type PartnerPhase = "idle" | "offer" | "serving";

  /** A page that talks to the payment provider. */
  interface Payment {
    publishableKey: string;
    demoBase: string | null;
    next: string;
  }

  interface ConfirmPayment extends Payment {
    confirmation: `/${string}/confirmation`;
  }

  interface Staff {
    counts: Api.Counts;
  }
}
