import type { DriftWatch, Finding, Place, Told } from './drift-watch.ts'

/** What one place hears. */
export interface PlaceWatch {
  stranger(tradingPair: string, venueOrderId: string): void
  found(finding: Finding): void
  told(told: Told): void
  gap(): void
}

export interface DriftWatches {
  readonly watch: DriftWatch
  add(place: Place, of: PlaceWatch): void
  remove(place: Place): void
}

const keyOf = ({ accountName, connectorName }: Place): string => `${accountName}\n${connectorName}`

/** Passes what is met at a place on to who reconciles it; a place that is not open is looked at as a whole when it opens. */
export const driftWatches = (): DriftWatches => {
  const watches = new Map<string, PlaceWatch>()
  const at = (place: Place): PlaceWatch | undefined => watches.get(keyOf(place))
  return {
    watch: {
      stranger: (place, tradingPair, venueOrderId) => at(place)?.stranger(tradingPair, venueOrderId),
      found: (place, finding) => at(place)?.found(finding),
      told: (place, told) => at(place)?.told(told),
      gap: (place) => at(place)?.gap(),
    },
    add: (place, of) => void watches.set(keyOf(place), of),
    remove: (place) => void watches.delete(keyOf(place)),
  }
}
