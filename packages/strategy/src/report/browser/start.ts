import { reportCharts } from './charts.ts'
import { downloads } from './downloads.ts'
import { liveTable } from './live-table.ts'
import { readOut } from './read-out.ts'
import type { ReportData } from './report-data.ts'
import { drawdownOf } from './row-at.ts'
import { unpackCandles, unpackNumbers, unpackTimes } from './unpack.ts'
import { unpackExecutors, unpackFills } from './unpack-executors.ts'

/** Brings the page to life. */
export function startReport(): void {
  const packed: ReportData = JSON.parse(document.getElementById('report-data')?.textContent ?? '')
  const { name, quote } = packed
  const data = {
    name,
    quote,
    priceDecimals: packed.candles.decimals,
    executors: unpackExecutors(packed.executors),
    fills: unpackFills(packed.fills),
  }
  const candles = unpackCandles(packed.candles)
  const total = unpackNumbers(packed.equity.total)
  const equity = { time: unpackTimes(packed.equity.times), total, drawdown: drawdownOf(total) }
  const point = readOut(data, candles, equity)
  const charts = reportCharts(data, candles, equity, point)

  const frame = document.getElementById('charts')
  const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    ArrowLeft: (event) => (event.shiftKey ? charts.move(-0.1) : charts.step(-1)),
    ArrowRight: (event) => (event.shiftKey ? charts.move(0.1) : charts.step(1)),
    '+': () => charts.zoom(0.5),
    '=': () => charts.zoom(0.5),
    '-': () => charts.zoom(2),
    '0': () => charts.showAll(),
    Home: () => charts.showAll(),
  }
  frame?.addEventListener('keydown', (event) => {
    const action = keys[event.key]
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action(event)
  })
  frame?.addEventListener(
    'wheel',
    (event) => {
      // The wheel alone scrolls the page, as everywhere.
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      charts.zoom(event.deltaY < 0 ? 0.8 : 1.25)
    },
    { passive: false },
  )
  const on = (id: string, action: () => void): void => document.getElementById(id)?.addEventListener('click', action)
  on('show-all', () => charts.showAll())
  on('zoom-in', () => charts.zoom(0.5))
  on('zoom-out', () => charts.zoom(2))
  on('move-left', () => charts.move(-0.5))
  on('move-right', () => charts.move(0.5))
  const trades = document.querySelector<HTMLInputElement>('#show-trades')
  trades?.addEventListener('change', () => charts.showTrades(trades.checked ? 'shown' : 'hidden'))

  liveTable(data, (index) => {
    const from = data.executors.entered[index] ?? data.executors.created[index] ?? 0
    const to = data.executors.closed[index] ?? from
    const margin = Math.max((to - from) * 0.5, (candles.time[1] ?? 60) - (candles.time[0] ?? 0))
    charts.show(from - margin, to + margin)
    frame?.scrollIntoView({ block: 'start' })
    frame?.focus({ preventScroll: true })
  })
  downloads(data, equity)
  document.documentElement.dataset.ready = 'yes'
}
