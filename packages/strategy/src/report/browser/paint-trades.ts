import type UPlot from 'uplot'
import type { ExecutorColumns, FillColumns } from './report-data.ts'
import type { Tints } from './tints.ts'

/**
 * Entries and exits over the candles. A buy points up from below its price, a sale down from above, an exit is a ring in
 * the colour of its result. Where there are too many to tell them apart they are dots.
 */
export function paintTrades(chart: UPlot, executors: ExecutorColumns, fills: FillColumns, tints: Tints): void {
  const SHAPES_UP_TO = 150
  const { ctx, bbox } = chart
  const { min = 0, max = 1 } = chart.scales.x ?? {}
  if (min === null || max === null) return
  const ratio = devicePixelRatio
  const visible: number[] = []
  for (let index = 0; index < executors.id.length; index++) {
    const entered = executors.entered[index] ?? null
    if (entered !== null && entered <= max && (executors.closed[index] ?? entered) >= min) visible.push(index)
  }
  const isDetailed = visible.length <= SHAPES_UP_TO
  const taken = new Set<number>()
  const dot = (x: number, y: number, tint: string): void => {
    const size = 2 * ratio
    const cell = Math.round(x / size) * 100_000 + Math.round(y / size)
    if (taken.has(cell)) return
    taken.add(cell)
    ctx.globalAlpha = 0.6
    ctx.fillStyle = tint
    ctx.fillRect(x - size / 2, y - size / 2, size, size)
    ctx.globalAlpha = 1
  }
  const arrow = (x: number, y: number, side: string): void => {
    const [size, direction] = [6 * ratio, side === 'SELL' ? -1 : 1]
    ctx.beginPath()
    ctx.moveTo(x, y + 2 * ratio * direction)
    ctx.lineTo(x - size * 0.7, y + (2 * ratio + size) * direction)
    ctx.lineTo(x + size * 0.7, y + (2 * ratio + size) * direction)
    ctx.closePath()
    ctx.fillStyle = side === 'SELL' ? tints.down : tints.up
    ctx.fill()
    ctx.lineWidth = ratio
    ctx.strokeStyle = tints.text
    ctx.stroke()
  }
  const ring = (x: number, y: number, tint: string): void => {
    ctx.beginPath()
    ctx.arc(x, y, 3.5 * ratio, 0, 2 * Math.PI)
    ctx.lineWidth = 2 * ratio
    ctx.strokeStyle = tint
    ctx.stroke()
  }
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const index of visible) {
    const [entered, price] = [executors.entered[index] ?? null, executors.entryPrice[index] ?? null]
    const [closed, exit] = [executors.closed[index] ?? null, executors.exitPrice[index] ?? null]
    const side = executors.side[index] ?? ''
    const result = (executors.pnlQuote[index] ?? 0) >= 0 ? tints.up : tints.down
    if (entered === null || price === null) continue
    const [x, y] = [chart.valToPos(entered, 'x', true), chart.valToPos(price, 'y', true)]
    if (closed !== null && exit !== null) {
      const [endX, endY] = [chart.valToPos(closed, 'x', true), chart.valToPos(exit, 'y', true)]
      if (isDetailed) {
        ctx.beginPath()
        ctx.setLineDash([3 * ratio, 3 * ratio])
        ctx.moveTo(x, y)
        ctx.lineTo(endX, endY)
        ctx.lineWidth = ratio
        ctx.strokeStyle = result
        ctx.stroke()
        ctx.setLineDash([])
        ring(endX, endY, result)
      } else dot(endX, endY, tints.muted)
    }
    if (isDetailed) arrow(x, y, side)
    else dot(x, y, side === 'SELL' ? tints.down : tints.accent)
  }
  for (let index = 0; index < fills.time.length; index++) {
    const time = fills.time[index] ?? 0
    if (time < min || time > max) continue
    const tint = fills.side[index] === 'SELL' ? tints.down : tints.accent
    dot(chart.valToPos(time, 'x', true), chart.valToPos(fills.price[index] ?? 0, 'y', true), tint)
  }
  ctx.restore()
}
