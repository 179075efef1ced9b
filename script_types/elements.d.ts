// The elements that scripts reach by their id. `$("#…")` takes these ids only, and knows what each of them is.

declare namespace Elements {
  /** Those that some of the pages of their script don't have. */
  type Optional =
    | "alerts"
    | "beside"
    | "live"
    | "no-alerts"
    | "notify"
    | "own-code"
    | "own-code-copy"
    | "own-code-make"
    | "payout-form"
    | "rating-form"
    | "region"
    | "waiting";

  type Button =
    | "accept"
    | "advice-hide"
    | "beside-close"
    | "call-off"
    | "call-off-keep"
    | "cancel"
    | "cancel-confirm"
    | "cancel-keep"
    | "decline"
    | "end"
    | "end-confirm"
    | "end-keep"
    | "here"
    | "locate"
    | "no-show"
    | "own-code-copy"
    | "own-code-make"
    | "no-show-confirm"
    | "no-show-keep"
    | "nobody-confirm"
    | "nobody-here"
    | "nobody-keep"
    | "nobody-running"
    | "notify"
    | "online"
    | "print"
    | "retry"
    | "save-cancel"
    | "save-place"
    | "share"
    | "share-close"
    | "share-copy"
    | "share-stop"
    | "start"
    | "submit";

  type Dialog =
    | "bank"
    | "call-off-dialog"
    | "cancel-dialog"
    | "end-dialog"
    | "no-show-dialog"
    | "nobody-dialog"
    | "save-dialog"
    | "share-dialog";

  type Form =
    | "apply-form"
    | "call-off-form"
    | "card-form"
    | "confirm-form"
    | "payout-form"
    | "rating-form"
    | "request-form"
    | "code-form"
    | "save-form"
    | "start-form"
    | "tip-form";

  type Input =
    | "card-number"
    | "code"
    | "comment"
    | "later"
    | "pin-input"
    | "save-name"
    | "search"
    | "own-code"
    | "share-link"
    | "tip-other";

  type Select = "decline-reason" | "reason" | "region";

  type Anchor = "directions" | "geo" | "receipt-link";

  type Plain =
    | "advice"
    | "advice-text"
    | "alerts"
    | "announcer"
    | "arrival-answers"
    | "arrival-card"
    | "arrival-text"
    | "awake-text"
    | "beside"
    | "beside-body"
    | "bill-about"
    | "busy-list"
    | "call-off-row"
    | "cancel-fee"
    | "cancel-terms"
    | "cancel-why"
    | "card-element"
    | "clock"
    | "code-problem"
    | "own-code-problem"
    | "countdown"
    | "countdown-ring"
    | "closed"
    | "credit-line"
    | "detail"
    | "distance"
    | "earnings"
    | "end-terms"
    | "eta"
    | "fare"
    | "fee"
    | "fee-receipt"
    | "grace"
    | "headline"
    | "increment-bar"
    | "later-field"
    | "live"
    | "live-text"
    | "map"
    | "next-step"
    | "no-match-why"
    | "no-alerts"
    | "nobody-terms"
    | "notify-row"
    | "notify-text"
    | "offer-distance"
    | "offer-eta"
    | "offer-icon"
    | "offer-note"
    | "offer-pays"
    | "offer-problem"
    | "offer-title"
    | "offer-why"
    | "longest"
    | "oldest"
    | "online-text"
    | "open-row"
    | "page-data"
    | "partner-about"
    | "partner-initial"
    | "partner-name"
    | "partner-why"
    | "pay-problem"
    | "pin"
    | "pin-card"
    | "pin-field"
    | "pin-problem"
    | "place-text"
    | "planned"
    | "planned-list"
    | "position-text"
    | "price-example"
    | "problem"
    | "rated"
    | "rating-problem"
    | "ride-distance"
    | "ride-icon"
    | "ride-note"
    | "ride-type"
    | "running"
    | "running-with"
    | "save-problem"
    | "save-row"
    | "saved"
    | "search-facts"
    | "search-none"
    | "search-results"
    | "served"
    | "share-problem"
    | "share-until"
    | "slide"
    | "slide-hint"
    | "stale"
    | "tariff"
    | "tariff-per"
    | "tax-note"
    | "tip-amounts"
    | "tip-other-field"
    | "tip-problem"
    | "tipped"
    | "total"
    | "until"
    | "wait-line"
    | "waiting"
    | "waiting-more"
    | "way-row";

  type Element<Id> = Id extends Button
    ? HTMLButtonElement
    : Id extends Dialog
      ? HTMLDialogElement
      : Id extends Form
        ? HTMLFormElement
        : Id extends Input
          ? HTMLInputElement
          : Id extends Anchor
            ? HTMLAnchorElement
            : Id extends Select
              ? HTMLSelectElement
              : Id extends "note"
                ? HTMLTextAreaElement
                : Id extends Plain
                  ? HTMLElement
                  : never;

  type ById<Id> = Id extends Optional ? Element<Id> | null : Element<Id>;

  /** The element of a selector's last part by its tag: "#save-form button[type=submit]" is a button. */
  type ByTag<Selector extends string> = Selector extends `${string} ${infer Last}`
    ? ByTag<Last>
    : Selector extends `${infer Tag extends keyof HTMLElementTagNameMap}[${string}`
      ? HTMLElementTagNameMap[Tag]
      : Selector extends keyof HTMLElementTagNameMap
        ? HTMLElementTagNameMap[Selector]
        : HTMLElement;

  /** A selector that `$` takes. */
  type Known<Selector extends string> = [Found<Selector>] extends [never] ? never : Selector;

  type Found<Selector extends string> = Selector extends `#${infer Id}`
    ? Id extends `${string} ${string}`
      ? ByTag<Selector>
      : ById<Id>
    : ByTag<Selector>;
}
