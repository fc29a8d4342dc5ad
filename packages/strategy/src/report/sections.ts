import { CLOSE_TYPES, type CloseType } from '../executors/close-type.ts'
import { amountText, percentText, plainText } from './browser/words.ts'
import { CLOSE_WORDS } from './close-words.ts'
import { type Figure, figures } from './figures.ts'
import { histogram } from './histogram.ts'
import { histogramSvg } from './histogram-svg.ts'
import { escaped } from './html.ts'
import type { ReportHold, ReportInput } from './report.ts'

const MONEY: readonly string[] = ['net_pnl_quote', 'net_pnl', 'unrealized_pnl_quote', 'position_realized_pnl_quote']
const TILES = [
  'net_pnl_quote',
  'net_pnl',
  'max_drawdown_usd',
  'accuracy',
  'profit_factor',
  'total_executors',
  'total_volume',
  'total_fees_quote',
]

/** A figure with its exact value beside what is shown. */
const dataElement = ({ key, value, text }: Figure): string =>
  `<data data-key="${key}" value="${escaped(String(value))}" class="${MONEY.includes(key) ? gainOrLoss(value) : ''}">${escaped(text)}</data>`

const gainOrLoss = (value: number): string => (value > 0 ? 'gain' : value < 0 ? 'loss' : '')

export const tiles = ({ results, mode }: ReportInput, quote: string): string => {
  const all = figures(results, quote, mode)
  const shown = TILES.flatMap((key) => all.filter((figure) => figure.key === key))
  return `<div class="tiles">${shown
    .map((figure) => `<div class="tile"><b>${dataElement(figure)}</b><span>${escaped(figure.label)}</span></div>`)
    .join('')}</div>`
}

export const resultsTable = ({ results, mode }: ReportInput, quote: string): string =>
  `<section><h2>Results</h2><div class="scroll"><table id="results"><thead><tr><th>Figure</th><th class="number">Value</th>` +
  '<th>Name in files</th><th>What it is</th></tr></thead><tbody>' +
  figures(results, quote, mode)
    .map(
      (figure) =>
        `<tr><th scope="row">${escaped(figure.label)}</th><td class="number">${dataElement(figure)}</td>` +
        `<td><code>${figure.key}</code></td><td class="muted">${escaped(figure.meaning)}</td></tr>`,
    )
    .join('') +
  '</tbody></table></div></section>'

export const distribution = ({ executors }: ReportInput, quote: string): string => {
  const made = executors
    .filter(({ closeType, netPnlQuote }) => closeType !== 'POSITION_HOLD' && netPnlQuote !== 0)
    .map(({ netPnlQuote }) => netPnlQuote)
  const bins = histogram(made)
  return (
    `<section><h2>What executors made, ${escaped(quote)} each</h2>` +
    (bins.length === 0 ? '<p class="muted">No executor made or lost anything.</p>' : histogramSvg(bins, quote)) +
    '</section>'
  )
}

export const closeTypes = ({ results, executors }: ReportInput, quote: string): string => {
  const counts = results.close_types === 0 ? {} : results.close_types
  const profits = new Map<CloseType, number>()
  for (const { closeType, netPnlQuote } of executors)
    if (closeType !== null) profits.set(closeType, (profits.get(closeType) ?? 0) + netPnlQuote)
  const kinds = (Object.keys(CLOSE_TYPES) as CloseType[])
    .map((kind) => ({ kind, count: counts[kind] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((left, right) => right.count - left.count)
  const rows = kinds.map(({ kind, count }) => {
    const share = count / Math.max(results.total_executors, 1)
    const profit = profits.get(kind) ?? 0
    return (
      `<tr><th scope="row">${CLOSE_WORDS[kind]}<br><code class="muted">${kind}</code></th>` +
      `<td class="number"><data data-close="${kind}" value="${count}">${plainText(count)}</data></td>` +
      `<td><span class="share" style="width:${(share * 90).toFixed(1)}px"></span> ${percentText(share)}</td>` +
      `<td class="number ${gainOrLoss(profit)}">${amountText(profit)}</td></tr>`
    )
  })
  return (
    '<section><h2>Why executors ended</h2>' +
    (rows.length === 0
      ? '<p class="muted">No executor was created.</p>'
      : `<div class="scroll"><table id="close-types"><thead><tr><th>Reason</th><th class="number">Executors</th><th>Share</th>` +
        `<th class="number">Made, ${escaped(quote)}</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`) +
    '</section>'
  )
}

export const holdsTable = ({ holds }: ReportInput, quote: string): string => {
  if (holds.length === 0) return ''
  const row = (hold: ReportHold): string =>
    `<tr><th scope="row">${escaped(`${hold.trading_pair} on ${hold.connector_name}`)}</th>` +
    [
      amountText(hold.buyAmountBase),
      amountText(hold.sellAmountBase),
      amountText(hold.netAmountBase),
      amountText(hold.volumeTradedQuote),
      amountText(hold.cumFeesQuote),
      plainText(hold.executors),
      hold.isClosed ? 'no' : 'yes',
    ]
      .map((text) => `<td class="number">${escaped(text)}</td>`)
      .join('') +
    '</tr>'
  const heads = ['Bought', 'Sold', 'Held', `Volume, ${quote}`, `Fees, ${quote}`, 'Executors', 'Open']
  return (
    '<section><h2>Positions that executors left</h2><div class="scroll"><table><thead><tr><th>Market</th>' +
    heads.map((head) => `<th class="number">${escaped(head)}</th>`).join('') +
    `</tr></thead><tbody>${holds.map(row).join('')}</tbody></table></div></section>`
  )
}

export const parameters = ({ config }: ReportInput): string =>
  `<section><h2>Parameters</h2><div class="scroll"><table id="parameters"><tbody>${Object.entries(config)
    .map(
      ([name, value]) =>
        `<tr><th scope="row"><code>${escaped(name)}</code></th><td><code>${escaped(parameterText(value))}</code></td></tr>`,
    )
    .join('')}</tbody></table></div></section>`

const parameterText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
