import type UPlot from 'uplot'
import type { ShownEquity } from './charts.ts'
import type { ShownData } from './report-data.ts'
import { rowAt } from './row-at.ts'
import type { ShownCandles } from './unpack.ts'
import { amountText, percentText, priceText, timeText } from './words.ts'

/** Says in a line what is under the cursor: the candle, the equity, and the executor next to it. */
export function readOut(
  data: ShownData,
  candles: ShownCandles,
  equity: ShownEquity,
): (row: number | null, x: number, y: number, price: UPlot) => void {
  const NEAR = 14
  const executors = data.executors
  const line = document.getElementById('read-out')
  const trade = document.getElementById('read-out-trade')
  const digits = (price: number | null | undefined): string => priceText(price, data.priceDecimals)
  const nearest = (x: number, y: number, price: UPlot): number | null => {
    let [best, distance] = [null as number | null, NEAR]
    const { min, max } = price.scales.x ?? {}
    if (min === undefined || min === null || max === undefined || max === null) return null
    const look = (index: number, time: number | null, at: number | null): void => {
      if (time === null || at === null || time < min || time > max) return
      const away = Math.hypot(price.valToPos(time, 'x') - x, price.valToPos(at, 'y') - y)
      if (away < distance) [best, distance] = [index, away]
    }
    for (let index = 0; index < executors.id.length; index++) {
      look(index, executors.entered[index] ?? null, executors.entryPrice[index] ?? null)
      look(index, executors.closed[index] ?? null, executors.exitPrice[index] ?? null)
    }
    return best
  }
  return (row, x, y, price) => {
    if (line === null || trade === null) return
    const time = row === null ? undefined : candles.time[row]
    if (row === null || time === undefined || x < 0) {
      line.textContent = 'Point at the charts to read them. Drag to look closer, double-click for everything.'
      trade.textContent = ''
      return
    }
    const at = rowAt(equity.time, time)
    line.textContent =
      `${timeText(time)} UTC   open ${digits(candles.open[row])}   high ${digits(candles.high[row])}   ` +
      `low ${digits(candles.low[row])}   close ${digits(candles.close[row])}` +
      (at < 0
        ? ''
        : `   profit ${amountText(equity.total[at])} ${data.quote}   drawdown ${amountText(equity.drawdown[at])} ${data.quote}`)
    const index = nearest(x, y, price)
    trade.textContent =
      index === null
        ? ''
        : `#${index + 1} ${executors.side[index] ?? ''} ${executors.type[index] ?? ''} ` +
          `${timeText(executors.entered[index])} at ${digits(executors.entryPrice[index])}, ` +
          `${executors.exitPrice[index] == null ? 'held' : `out ${timeText(executors.closed[index])} at ${digits(executors.exitPrice[index])}`}, ` +
          `${executors.closeType[index] ?? ''}, ${amountText(executors.pnlQuote[index])} ${data.quote} (${percentText(executors.pnlPct[index])})`
  }
}
