/** Numbers and times as people read them; used where the page is made and in the page. */

/** An amount of money or of an asset: two digits behind the point, more where it is small. */
export function amountText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size === 0) return '0'
  return size >= 1
    ? value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
    : value.toLocaleString('en-US', { maximumSignificantDigits: 3, maximumFractionDigits: 12 })
}

/** A price: as many decimals as its market has, more where eight digits need them. */
export function priceText(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const whole = Math.max(Math.floor(Math.log10(Math.abs(value) || 1)) + 1, 0)
  const most = Math.min(Math.max(decimals, 8 - whole), 20)
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: most })
}

/** A fraction of 1 in per cent. */
export function percentText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return `${(value * 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} %`
}

/** A number without a unit. */
export function plainText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

/** Seconds since 1970 as date and time in UTC, seconds only where there are any. */
export function timeText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–'
  const text = new Date(seconds * 1000).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, seconds % 60 === 0 ? 16 : 19)}`
}

/** A stretch of seconds in its two largest units. */
export function durationText(seconds: number): string {
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  let rest = Math.round(seconds)
  const parts: string[] = []
  for (const [length, name] of units) {
    const count = Math.floor(rest / length)
    rest -= count * length
    if (count > 0) parts.push(`${count} ${name}`)
  }
  return parts.length === 0 ? '0 s' : parts.slice(0, 2).join(' ')
}
