import { amountText } from './browser/words.ts'
import type { Bin } from './histogram.ts'
import { escaped } from './html.ts'

const WIDTH = 560
const HEIGHT = 220
const FLOOR = 190

/** The spread of profits as a drawing: a bar says its range and count when it is pointed at. */
export const histogramSvg = (bins: readonly Bin[], quote: string): string => {
  const most = Math.max(...bins.map(({ count }) => count))
  const width = WIDTH / bins.length
  const bars = bins.map(({ from, to, count }, index) => {
    const height = count === 0 ? 0 : Math.max((count / most) * (FLOOR - 16), 2)
    const title = `${count} ${count === 1 ? 'executor' : 'executors'} from ${amountText(from)} to ${amountText(to)} ${quote}`
    const place = `x="${(index * width + 1).toFixed(1)}" width="${Math.max(width - 2, 1).toFixed(1)}"`
    // The whole column can be pointed at, however low its bar.
    return (
      `<g><title>${escaped(title)}</title><rect ${place} y="0" height="${FLOOR}" fill="transparent"/>` +
      `<rect class="${from < 0 ? 'loss' : 'gain'}" ${place} y="${(FLOOR - height).toFixed(1)}" height="${height.toFixed(1)}"/></g>`
    )
  })
  const label = (value: number, x: number, anchor: string): string =>
    `<text x="${x.toFixed(1)}" y="${FLOOR + 20}" text-anchor="${anchor}">${escaped(amountText(value))}</text>`
  const zero = bins.findIndex(({ from }) => from === 0)
  const isApart = zero > 0 && zero * width > 90 && zero * width < WIDTH - 90
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="100%" role="img" aria-label="How many executors made how much">` +
    `${bars.join('')}<line x1="0" x2="${WIDTH}" y1="${FLOOR}" y2="${FLOOR}"/>` +
    label(bins[0]?.from ?? 0, 0, 'start') +
    (isApart ? label(0, zero * width, 'middle') : '') +
    `${label(bins.at(-1)?.to ?? 0, WIDTH, 'end')}</svg>`
  )
}
