import { profitLevels } from '../backtest/profit-levels.ts'
import type { ReportData } from './browser/report-data.ts'
import { durationText, percentText, plainText, timeText } from './browser/words.ts'
import { packExecutors, packFills } from './executor-columns.ts'
import { escaped, scriptJson, scriptText } from './html.ts'
import { packCandles, packNumbers, packTimes } from './pack.ts'
import type { ChartLibrary, ReportInput } from './report.ts'
import { pageScript } from './script.ts'
import { closeTypes, distribution, holdsTable, parameters, resultsTable, tiles } from './sections.ts'
import { PAGE_STYLE } from './style.ts'

/** What the page may do: run what it carries. It can ask nobody for anything. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

/**
 * A backtest as one page of HTML, in pieces: everything it needs is in it, and it asks for nothing. Figures are exact in the
 * attributes of what shows them; charts and the table carry as many digits as they can show.
 */
export const reportPage = function* (input: ReportInput, library: ChartLibrary): Generator<string> {
  const quote = quoteOf(input)
  const title = `${input.controller} on ${input.market.trading_pair}`
  yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
  yield `<meta http-equiv="Content-Security-Policy" content="${escaped(PAGE_POLICY)}">\n`
  yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
  yield `<title>${escaped(title)}: backtest</title>\n<style>${library.style}\n${PAGE_STYLE}</style>\n</head>\n<body>\n<main>\n`
  yield `<header><h1>${escaped(title)}</h1><p class="muted">${escaped(subtitle(input))}</p></header>\n`
  yield `${tiles(input, quote)}\n${charts(input)}\n`
  yield `<div class="pair">${distribution(input, quote)}${closeTypes(input, quote)}</div>\n`
  yield `${resultsTable(input, quote)}\n${holdsTable(input, quote)}\n${executorsSection(input, quote)}\n${parameters(input)}\n`
  yield `<footer><p>Made by Colibri. Times are UTC. What backtests leave out is told in docs/backtesting.md.</p>`
  yield `<details><summary>Licence of the chart library</summary><pre>${escaped(library.notice)}</pre></details></footer>\n</main>\n`
  yield `<script type="application/json" id="report-data">${scriptJson(reportData(input, quote))}</script>\n`
  yield `<script>${scriptText(library.script)}</script>\n<script>${scriptText(pageScript())}</script>\n</body>\n</html>\n`
}

const reportData = (input: ReportInput, quote: string): ReportData => ({
  name: `${input.controller}-${input.market.trading_pair}`,
  quote,
  candles: packCandles(input.candles),
  equity: {
    times: packTimes(input.equity.timestamp, input.equity.length),
    total: packNumbers(profitLevels(input.equity, input.mode), input.equity.length),
  },
  executors: packExecutors(input.executors, input.candles, input.mode),
  fills: packFills(input.executors),
})

/** The money of a market, by its pair. */
export const quoteOf = ({ market }: Pick<ReportInput, 'market'>): string =>
  market.trading_pair.split('-').at(-1) ?? 'quote'

const subtitle = ({ market, interval, candles, tradeCost, mode }: ReportInput): string => {
  const [from = 0, to = 0] = [candles.timestamp[0], candles.timestamp[candles.length - 1]]
  return (
    `${market.connector_name}, ${plainText(candles.length)} candles of ${interval}, ${timeText(from)} to ${timeText(to)} UTC ` +
    `(${durationText(to - from)}); mode ${mode}, ${percentText(tradeCost)} of a trade's value are paid on each side`
  )
}

const charts = ({
  mode,
}: ReportInput): string => `<section aria-label="Charts"><div class="bar"><h2>Price, profit and drawdown</h2>
<label><input type="checkbox" id="show-trades" checked> entries and exits</label>
<button type="button" id="move-left" aria-label="Earlier">&larr;</button>
<button type="button" id="zoom-in" aria-label="Closer">+</button>
<button type="button" id="zoom-out" aria-label="Further">&minus;</button>
<button type="button" id="move-right" aria-label="Later">&rarr;</button>
<button type="button" id="show-all">All</button></div>
<div id="read-out" aria-live="polite">Point at the charts to read them. Drag to look closer, double-click for everything.</div>
<div id="read-out-trade" aria-live="polite"></div>
<div id="charts" tabindex="0" role="group" aria-label="Charts. Arrows move the cursor, with shift the view; plus and minus zoom, 0 shows everything.">
<h3>Price</h3><div id="price-chart"></div>
<h3>${mode === 'hummingbot' ? 'Profit: of positions, and of executors when they have ended' : 'Profit: of positions and executors, open ones included'}</h3><div id="equity-chart"></div>
<h3>Drawdown: below the highest profit so far</h3><div id="drawdown-chart"></div></div></section>`

const executorsSection = ({ executors }: ReportInput, quote: string): string => {
  const options = (values: readonly string[]): string =>
    [...new Set(values)]
      .sort()
      .map((value) => `<option>${escaped(value)}</option>`)
      .join('')
  const heads = [
    '#',
    'Created, UTC',
    'Side',
    'Kind',
    'Entry',
    'Exit',
    'Lasted',
    `Filled, ${quote}`,
    `Made, ${quote}`,
    'Made, %',
    `Fees, ${quote}`,
    'Ended by',
  ]
  return `<section><div class="bar"><h2>Executors</h2>
<label>Side <select id="filter-side"><option value="">all</option>${options(executors.flatMap(({ side }) => side ?? []))}</select></label>
<label>Ended by <select id="filter-close-type"><option value="">all</option>${options(executors.flatMap(({ closeType }) => closeType ?? []))}</select></label>
<label>Result <select id="filter-result"><option value="">all</option><option value="gain">gains</option><option value="loss">losses</option></select></label>
<button type="button" id="save-executors">Executors, CSV</button>
<button type="button" id="save-json">Executors, JSON</button>
<button type="button" id="save-equity">Profit, CSV</button></div>
<div class="scroll"><table id="executors"><thead><tr>${heads
    .map((head) => `<th scope="col" aria-sort="none"><button type="button">${escaped(head)}</button></th>`)
    .join('')}</tr></thead><tbody></tbody></table></div>
<div class="bar" style="margin-top:10px"><button type="button" id="page-first">First</button><button type="button" id="page-previous">Previous</button>
<span id="page-text" aria-live="polite"></span>
<button type="button" id="page-next">Next</button><button type="button" id="page-last">Last</button></div></section>`
}
