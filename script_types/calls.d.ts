// What the API answers, by path. A path that is not listed here is a type error.

declare namespace Api {
  /** A path that `get` takes. */
  type GetPath<Path extends string> = [AnswerToGet<Path>] extends [never] ? never : Path;
  /** A path that `post` takes. */
  type PostPath<Path extends string> = [AnswerToPost<Path>] extends [never] ? never : Path;

  /** What GET answers at a path. */
  type AnswerToGet<Path extends string> = Path extends "/me"
    ? Me
    : Path extends "/pushKey"
      ? { publicKey: string }
      : Path extends "/cheerRequest"
        ? List<CheerRequest>
        : Path extends `/estimate?${string}`
          ? Estimate
          : Path extends `/insights/${string}/${string}`
            ? Figure
            : Path extends `/place?${string}`
              ? { results: NamedPlace[] }
              : Path extends "/savedPlace"
                ? List<SavedPlace>
                : Path extends "/scheduledRequest"
                  ? List<ScheduledRequest>
                  : Path extends `/sharedCheer/${string}`
                    ? SharedCheer
                    : Path extends `/cheerRequest/${string}`
                      ? CheerRequest
                      : Path extends `/ride/${string}/receipt`
                        ? Receipt
                        : Path extends `/ride/${string}`
                          ? Ride
                          : never;

  /** What POST answers at a path. */
  type AnswerToPost<Path extends string> = Path extends
    | "/rideAccept"
    | "/rideArrive"
    | "/rideStart"
    | "/rideEnd"
    | "/rideCancel"
    | "/rideNoShow"
    ? Ride
    : Path extends `/ride/${string}/rating` | `/ride/${string}/here` | `/ride/${string}/nobodyHere`
      ? Ride
      : Path extends "/cheerRequest" | `/cheerRequest/${string}/cancel`
        ? CheerRequest
        : Path extends `/cheerRequest/${string}/share`
          ? ShareLink
          : Path extends "/partner/status" | "/partner/apply"
            ? Partner
            : Path extends "/partner/payoutAccount"
              ? { url: string }
              : Path extends "/savedPlace"
                ? SavedPlace
                : Path extends "/scheduledRequest"
                  ? ScheduledRequest
                  : Path extends "/cardSetup"
                    ? CardSetup
                    : Path extends `/${string}/confirmation`
                      ? CardConfirmation
                      : Path extends Answerless
                        ? unknown
                        : never;

  /** Calls whose answers no page reads. */
  type Answerless =
    | "/card"
    | "/credit/code"
    | "/pushSubscription"
    | "/pushSubscription/remove"
    | "/referral"
    | "/rideDecline"
    | "/updateLocation"
    | `/cheerRequest/${string}/unshare`
    | `/payment/${string}/pay`
    | `/ride/${string}/tip`
    | `/savedPlace/${string}/forget`
    | `/scheduledRequest/${string}/cancel`;
}
