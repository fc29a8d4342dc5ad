const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, M: 31 * 86_400 }

/** Seconds that a candle lasts, months at their longest; undefined for what is no interval. */
export const secondsOf = (interval: string): number | undefined => {
  const [, count, unit = ''] = /^([1-9]\d{0,3})([smhdwM])$/.exec(interval) ?? []
  const seconds = UNITS[unit]
  return count === undefined || seconds === undefined ? undefined : Number(count) * seconds
}
