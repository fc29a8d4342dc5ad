/** One account at one venue. */
export interface Place {
  readonly accountName: string
  readonly connectorName: string
}

/** What comparing an order with its venue has brought to light, and mended. */
export type Finding =
  | {
      /** The venue had ended an order that was open here, and nobody here had asked for it. */
      readonly kind: 'order'
      readonly orderId: string
      readonly tradingPair: string
      readonly ours: string
      readonly venue: string
    }
  | {
      readonly kind: 'fill'
      readonly orderId: string
      readonly tradingPair: string
      readonly tradeId: string
      /** Filled before and with this fill, base units. */
      readonly ours: string
      readonly venue: string
    }

/** What a stream has said of an order: the same facts, from the other side. */
export type Told =
  | { readonly kind: 'order'; readonly orderId: string }
  | { readonly kind: 'fill'; readonly orderId: string; readonly tradeId: string }

/** Whoever follows a venue says here what it meets; what of it is drift is decided by the reconciliation of the place. */
export interface DriftWatch {
  /** An order at the venue, open or traded, that nobody here knows. */
  stranger(place: Place, tradingPair: string, venueOrderId: string): void
  found(place: Place, finding: Finding): void
  told(place: Place, told: Told): void
  /** The stream began, was interrupted or stands again. */
  gap(place: Place): void
}
