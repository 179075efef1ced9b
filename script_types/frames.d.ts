// What travels over the sockets.

/** What a socket sends. Events are numbered; `replayed` is added by the page's socket. */
declare namespace Frames {
  interface Event {
    seq?: number;
    epoch?: string;
    replayed?: boolean;
  }

  interface Hello extends Event {
    type: "hello";
    seq: number;
    resumed: boolean;
  }

  interface Pong extends Event {
    type: "pong";
  }

  interface PartnerHello extends Hello {
    partner: Api.Partner;
    offers: Api.Offer[];
    ride: Api.Ride | null;
  }

  interface UserHello extends Hello {
    request: Api.CheerRequest | null;
    ride: Api.Ride | null;
  }

  interface RideUpdated extends Event {
    type: "ride.updated";
    ride: Api.Ride;
  }

  interface PartnerUpdated extends Event {
    type: "partner.updated";
    application: Api.Partner["application"];
    status: Api.Partner["status"];
  }

  /** Where a partner might wait: somewhere within so many metres of a place. */
  interface Advice {
    adviceId: Api.Id;
    location: Api.Location;
    locationWithinM: number;
    distanceM: number;
    expiresAt: Api.Time;
  }

  /** On /partner/notification. */
  type Partner =
    | PartnerHello
    | RideUpdated
    | PartnerUpdated
    | (Event & { type: "offer"; offer: Api.Offer })
    | (Event & { type: "advice"; advice: Advice | null })
    | (Event & {
        type: "offer.rescinded";
        offerId: Api.Id;
        requestId: Api.Id;
        reason: "cancelled" | "expired" | "taken";
      });

  /** On /user/notification. */
  type User =
    | UserHello
    | RideUpdated
    | (Event & { type: "request.updated"; request: Api.CheerRequest })
    | (Event & { type: "payment.updated" })
    | (Event & { type: "partner.location"; partnerId: Api.Id; location: Api.Location });

  /** The marks of a region (ops/live/board.py). */
  interface MapWhole {
    board: string;
    n: number;
    ids: string;
    places: string;
    states: string;
  }

  interface MapChange {
    region: string;
    board: string;
    n: number;
    steps: string;
    rows: [slot: number, state: string, place?: string, id?: string][];
  }

  type StaffHello = Hello & { counts: Api.Counts; live: Pages.Live; maps: Record<string, MapWhole> };

  /** On /staff/notification. Of a region, "" for what belongs to none; minutes are counted since 1970. */
  type Staff =
    | StaffHello
    | (Event & { type: "answer"; command: "map"; maps: Record<string, MapWhole> })
    | (Event & { type: "map" } & MapChange)
    | (Event & { type: "now"; region: string; counts: Api.Counts })
    | (Event & { type: "alerts"; region: string; alerts: Pages.Alert[] })
    | (Event & { type: "minutes"; region: string; minutes: Record<number, number[]> })
    | (Event & { type: "revenue"; region: string; minutes: Record<number, Record<string, number>> })
    | (Event & { type: "health"; parts: Pages.Live["health"] })
    | (Event & { type: "tick"; at: number; countedAt: number | null });

  type Any = Partner | User | Staff | Pong;

  /** What a page sends. */
  type Command =
    | { type: "ping" }
    | { type: "map" }
    | { type: "ack"; seq: number | null }
    | { type: "location"; location: Api.Location };
}
