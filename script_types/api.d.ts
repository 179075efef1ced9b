// The API's objects, as /schema describes them. A test holds their names against that schema.

declare namespace Api {
  type Id = string;
  /** ISO 8601, in UTC. */
  type Time = string;

  interface Location {
    lat: number;
    lng: number;
  }

  /** An integer number of minor units. */
  interface Money {
    amount: number;
    currency: string;
  }

  /** `amount` for every started `incrementS` seconds. */
  interface Tariff extends Money {
    incrementS: number;
  }

  /** Seconds that half, and nine of ten, take at most. */
  interface Range {
    p50: number | null;
    p90: number | null;
  }

  /** What to expect of a request at a place now. */
  interface Estimate {
    waitS: Range;
    arrivalS: Range;
    price: Tariff;
    chance: number | null;
  }

  type FigureUnit =
    | "name"
    | "day"
    | "moment"
    | "clock"
    | "weekday"
    | "degrees"
    | "count"
    | "mean"
    | "share"
    | "seconds"
    | "hours"
    | "minor";
  type FigureCell = string | number | null;

  interface FigureColumn {
    key: string;
    unit: FigureUnit;
  }

  /** A figure as a table. A cell without a figure is null: hidden, or not known. */
  interface Figure {
    figure: string;
    region: string;
    firstDay: string;
    lastDay: string;
    requestType: string | null;
    columns: FigureColumn[];
    rows: FigureCell[][];
    hidden: number;
  }

  /** A partner as they see themselves. */
  interface Partner {
    partnerId: Id;
    name: string;
    type: string;
    phone: string;
    status: "offline" | "available" | "offered" | "busy";
    currentLocation: Location | null;
    region: string | null;
    rating: number | null;
    application: "applied" | "approved" | "rejected" | "suspended";
  }

  /** A partner as the user sees them, from acceptance to completion. */
  type VisiblePartner = Pick<Partner, "partnerId" | "name" | "type" | "rating" | "currentLocation">;

  interface Me {
    userId: Id;
    email: string;
    name: string;
    role: "user" | "partner" | "staff";
    partner: Partner | null;
  }

  interface Cancellation {
    fee: Money;
    lateFee: Money;
    freeUntil: Time | null;
  }

  interface BookingHold {
    status: string;
    amount: Money;
    confirmUrl: string | null;
  }

  type RequestStatus = "pending" | "offered" | "accepted" | "completed" | "cancelled" | "no_match";

  interface CheerRequest {
    requestId: Id;
    userId: Id;
    location: Location;
    requestType: string;
    note: string;
    status: RequestStatus;
    createdAt: Time;
    region: string;
    attempts: number;
    offer: Offer | null;
    rideId: Id | null;
    partner: VisiblePartner | null;
    /** While it is accepted; the previous release does not say it. */
    why: Why | null;
    reason: string | null;
    reasonNote: string;
    cancellation: Cancellation | null;
    searchRadiusM: number | null;
    giveUpAt: Time | null;
    hold: BookingHold | null;
  }

  /** Why this partner: the `rank`-nearest of so many free ones who could come, when they were asked. */
  interface Why {
    rank: number;
    of: number;
    distanceM: number;
  }

  /** An offer that is open: the location of one that is over is null, and no page shows it. */
  interface Offer {
    offerId: Id;
    requestId: Id;
    location: Location;
    /** With a number, the place is roughly there, within so many metres. */
    locationWithinM: number | null;
    requestType: string;
    note: string;
    distanceM: number;
    etaS: number;
    /** The previous release does not say it. */
    why: Why | null;
    /** What the user pays, as the request was made. */
    tariff: Tariff;
    /** What the partner is paid for the first increment. */
    share: Money;
    expiresAt: Time;
    status: "pending" | "accepted" | "declined" | "expired" | "rescinded";
  }

  type RideStatus = "en_route" | "in_progress" | "completed" | "cancelled";

  type EndedBy = "partner" | "user" | "system" | "staff";

  interface Ride {
    rideId: Id;
    requestId: Id;
    userId: Id;
    partnerId: Id;
    status: RideStatus;
    acceptedAt: Time;
    arrivedAt: Time | null;
    userHereAt: Time | null;
    disputedAt: Time | null;
    noShowAt: Time | null;
    startTime: Time | null;
    endTime: Time | null;
    endedBy: EndedBy | null;
    elapsedS: number;
    fare: Money | null;
    coveredUntil: Time | null;
    tariff: Tariff;
    rating: number | null;
    pinRequired: boolean;
    pin: string | null;
    userName: string | null;
  }

  interface ReceiptLine {
    kind: string;
    label: string;
    quantity: number;
    unitAmount: number;
    amount: Money;
    refunded: Money;
    tax: Money;
    status: string;
    paymentId: Id;
  }

  interface ReceiptTax {
    name: string;
    label: string;
    ratePercent: string;
    inclusive: boolean;
    number: string | null;
    amount: Money;
  }

  interface Receipt {
    rideId: Id;
    document: string;
    status: string;
    startTime: Time | null;
    endTime: Time | null;
    endedBy: EndedBy | null;
    elapsedS: number;
    lines: ReceiptLine[];
    total: Money;
    refunded: Money;
    due: Money;
    credit: Money;
    tax: ReceiptTax | null;
    card: { brand: string; last4: string } | null;
    tariff: Tariff;
  }

  interface ScheduledRequest {
    scheduledRequestId: Id;
    location: Location;
    requestType: string;
    note: string;
    scheduledFor: Time;
    status: string;
    createdAt: Time;
    region: string;
    requestId: Id | null;
    reason: string | null;
    reasonNote: string;
  }

  /** A place by its name. */
  interface NamedPlace {
    name: string;
    kind: "place" | "zone" | "address" | "crossing" | "street";
    location: Location;
  }

  interface SavedPlace {
    placeId: Id;
    name: string;
    location: Location;
  }

  interface ShareLink {
    url: string;
    expiresAt: Time;
  }

  /** One cheer, as everybody with its link may see it. */
  interface SharedCheer {
    name: string;
    requestType: string;
    status: RequestStatus;
    rideStatus: RideStatus | null;
    startTime: Time | null;
    location: Location | null;
    partner: VisiblePartner | null;
    expiresAt: Time;
  }

  interface CardSetup {
    setupIntentId: Id;
    clientSecret: string;
    publishableKey: string;
  }

  interface CardConfirmation {
    clientSecret: string;
    publishableKey: string;
    cardReference: string | null;
  }

  interface List<Item> {
    next: string | null;
    previous: string | null;
    results: Item[];
  }

  /** One entry of the error shape. */
  interface Failure {
    code: string;
    detail: string;
    attr: string | null;
  }

  /** The staff page's counts: numbers, by name or by name and status. */
  type Counts = { oldestPendingS: number | null; [name: string]: number | null | Record<string, number> };
}
