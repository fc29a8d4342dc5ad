import type UPlot from 'uplot'
import type { Tints } from './tints.ts'
import type { ShownCandles } from './unpack.ts'

/** From so many device pixels on a candle has a body. */
export function paintCandles(chart: UPlot, candles: ShownCandles, tints: Tints): void {
  const BODY_FROM = 4
  const { ctx, bbox } = chart
  const [first, last] = chart.series[0]?.idxs ?? [0, -1]
  const { min: fromTime = 0, max: toTime = 1 } = chart.scales.x ?? {}
  const { min: bottom = 0, max: top = 1 } = chart.scales.y ?? {}
  if (last < first || fromTime === null || toTime === null || bottom === null || top === null) return
  const perSecond = bbox.width / Math.max(toTime - fromTime, 1e-9)
  const perUnit = bbox.height / Math.max(top - bottom, 1e-300)
  const xOf = (time: number): number => bbox.left + (time - fromTime) * perSecond
  const yOf = (price: number): number => bbox.top + (top - price) * perUnit
  const spacing = bbox.width / (last - first + 1)
  const paths = { up: new Path2D(), down: new Path2D() }
  if (spacing >= BODY_FROM) {
    const width = Math.max(1, Math.floor(spacing * 0.7))
    const wick = Math.max(1, Math.round(devicePixelRatio))
    for (let row = first; row <= last; row++) {
      const [open, high, low, close] = [
        candles.open[row] ?? 0,
        candles.high[row] ?? 0,
        candles.low[row] ?? 0,
        candles.close[row] ?? 0,
      ]
      const path = close >= open ? paths.up : paths.down
      const x = Math.round(xOf(candles.time[row] ?? 0))
      path.rect(x - wick / 2, yOf(high), wick, Math.max(yOf(low) - yOf(high), 1))
      const body = yOf(Math.max(open, close))
      path.rect(x - width / 2, body, width, Math.max(yOf(Math.min(open, close)) - body, 1))
    }
  } else {
    // More candles than pixels: one line a column, from its lowest to its highest price.
    let row = first
    while (row <= last) {
      const column = Math.floor(xOf(candles.time[row] ?? 0))
      const open = candles.open[row] ?? 0
      let [high, low, close] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, open]
      for (; row <= last && Math.floor(xOf(candles.time[row] ?? 0)) === column; row++) {
        high = Math.max(high, candles.high[row] ?? high)
        low = Math.min(low, candles.low[row] ?? low)
        close = candles.close[row] ?? close
      }
      const path = close >= open ? paths.up : paths.down
      path.rect(column, yOf(high), 1, Math.max(yOf(low) - yOf(high), 1))
    }
  }
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.fillStyle = tints.up
  ctx.fill(paths.up)
  ctx.fillStyle = tints.down
  ctx.fill(paths.down)
  ctx.restore()
}
