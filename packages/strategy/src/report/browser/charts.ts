import type UPlot from 'uplot'
import { paintCandles } from './paint-candles.ts'
import { paintTrades } from './paint-trades.ts'
import type { ShownData } from './report-data.ts'
import { pageTints } from './tints.ts'
import type { ShownCandles } from './unpack.ts'
import { amountText, priceText } from './words.ts'

declare const uPlot: typeof UPlot

export interface ShownEquity {
  readonly time: Float64Array
  readonly total: Float64Array
  readonly drawdown: Float64Array
}

export interface ReportCharts {
  /** Shows a stretch of time, as much of it as there is. */
  show(from: number, to: number): void
  showAll(): void
  /** Moves by a share of what is seen. */
  move(share: number): void
  zoom(factor: number): void
  /** Moves the cursor by rows that can be told apart. */
  step(steps: number): void
  showTrades(shown: 'shown' | 'hidden'): void
}

/** Draws price, equity and drawdown over one axis of time, and tells which row the reader points at. */
export function reportCharts(
  data: ShownData,
  candles: ShownCandles,
  equity: ShownEquity,
  onPoint: (row: number | null, x: number, y: number, price: UPlot) => void,
): ReportCharts {
  const first = candles.time[0] ?? 0
  const last = candles.time.at(-1) ?? first + 1
  const candle = candles.time.length > 1 ? (last - first) / (candles.time.length - 1) : 60
  let tints = pageTints()
  let trades: 'shown' | 'hidden' = 'shown'
  const charts: UPlot[] = []
  /** What is seen; charts themselves change a moment later. */
  let view: readonly [from: number, to: number] = [first, last]

  const show = (from: number, to: number): void => {
    const least = candle * 10
    const span = Math.min(Math.max(to - from, least), Math.max(last - first, least) + 2 * candle)
    const middle = (from + to) / 2
    const min = Math.min(Math.max(middle - span / 2, first - candle), Math.max(last + candle - span, first - candle))
    view = [min, min + span]
    for (const chart of charts) chart.setScale('x', { min, max: min + span })
  }
  const showAll = (): void => show(first - candle, last + candle)

  const timeLabels = (_chart: UPlot, times: number[], _axis: number, _space: number, step: number): string[] =>
    times.map((time) => {
      const text = new Date(time * 1000).toISOString()
      if (step >= 86_400) return text.slice(0, 10)
      return time % 86_400 === 0 ? text.slice(0, 10) : text.slice(11, step >= 60 ? 16 : 19)
    })
  const axis = (): { stroke: () => string; grid: UPlot.Axis.Grid; ticks: UPlot.Axis.Ticks; font: string } => ({
    stroke: () => tints.muted,
    grid: { stroke: () => tints.line, width: 1 },
    ticks: { stroke: () => tints.line, width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  })
  const options = (
    height: number,
    series: UPlot.Series[],
    label: (value: number) => string,
    crosshair: 'both' | 'vertical',
    hooks: UPlot.Hooks.Arrays,
  ): UPlot.Options => ({
    width: 600,
    height,
    padding: [10, 12, 0, 0],
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC'),
    legend: { show: false },
    cursor: {
      y: crosshair === 'both',
      drag: { x: true, y: false, setScale: true },
      points: { show: false },
      sync: {
        key: 'report',
        setSeries: false,
        scales: ['x', null],
        filters: { pub: (kind) => kind.startsWith('mousemove') || kind.startsWith('mouseleave') },
      },
      bind: {
        dblclick: () => () => {
          showAll()
          return null
        },
      },
    },
    series: [{}, ...series],
    axes: [
      { ...axis(), space: 90, size: 32, values: timeLabels },
      { ...axis(), size: 84, values: (_chart, values) => values.map(label) },
    ],
    hooks: {
      ...hooks,
      // What one shows, all show.
      setScale: [
        (chart, key) => {
          const { min = null, max = null } = chart.scales.x ?? {}
          if (key !== 'x' || min === null || max === null) return
          view = [min, max]
          for (const other of charts) {
            if (other !== chart && (other.scales.x?.min !== min || other.scales.x?.max !== max))
              other.setScale('x', { min, max })
          }
        },
      ],
    },
  })
  const unseen: UPlot.Series = { paths: () => null, points: { show: false } }
  const place = (id: string): HTMLElement => {
    const element = document.getElementById(id)
    if (element === null) throw new Error(`The page has no ${id}.`)
    return element
  }
  charts.push(
    new uPlot(
      options(380, [unseen, unseen], (price) => priceText(price, 0), 'both', {
        draw: [
          (chart) => {
            paintCandles(chart, candles, tints)
            if (trades === 'shown') paintTrades(chart, data.executors, data.fills, tints)
          },
        ],
        setCursor: [
          (chart) => onPoint(chart.cursor.idx ?? null, chart.cursor.left ?? -1, chart.cursor.top ?? -1, chart),
        ],
      }),
      [candles.time, candles.high, candles.low],
      place('price-chart'),
    ),
    new uPlot(
      options(
        190,
        [{ stroke: () => tints.accent, fill: () => tints.accentFill, width: 1.5, points: { show: false } }],
        amountText,
        'vertical',
        {},
      ),
      [equity.time, equity.total],
      place('equity-chart'),
    ),
    new uPlot(
      options(
        150,
        [{ stroke: () => tints.down, fill: () => tints.downFill, width: 1.5, points: { show: false } }],
        amountText,
        'vertical',
        {},
      ),
      [equity.time, equity.drawdown],
      place('drawdown-chart'),
    ),
  )
  const fit = (): void => {
    const width = Math.max(place('charts').clientWidth, 280)
    for (const chart of charts) if (chart.width !== width) chart.setSize({ width, height: chart.height })
  }
  new ResizeObserver(fit).observe(place('charts'))
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    tints = pageTints()
    for (const chart of charts) chart.redraw(false, true)
  })
  fit()
  showAll()
  return {
    show,
    showAll,
    move: (share) => {
      const [from, to] = view
      show(from + (to - from) * share, to + (to - from) * share)
    },
    zoom: (factor) => {
      const [from, to] = view
      const [middle, half] = [(from + to) / 2, ((to - from) * factor) / 2]
      show(middle - half, middle + half)
    },
    step: (steps) => {
      const price = charts[0]
      if (price === undefined) return
      const [from, to] = view
      const width = price.over.clientWidth
      const pixel = Math.max(1, (candle / (to - from)) * width)
      const at = (price.cursor.left ?? -1) < 0 ? width / 2 : (price.cursor.left ?? 0)
      const left = Math.min(Math.max(at + steps * pixel, 0), width - 1)
      price.setCursor({ left, top: Math.max(price.cursor.top ?? 0, 0) }, true)
    },
    showTrades: (shown) => {
      trades = shown
      charts[0]?.redraw(false, false)
    },
  }
}
