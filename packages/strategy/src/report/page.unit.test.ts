import t from 'tap'
import type { Results } from '../backtest/results.ts'
import { csvLine } from './browser/csv.ts'
import type { ReportData } from './browser/report-data.ts'
import { drawdownOf, rowAt } from './browser/row-at.ts'
import { unpackNumbers } from './browser/unpack.ts'
import { unpackExecutors, unpackFills } from './browser/unpack-executors.ts'
import { durationText, priceText, timeText } from './browser/words.ts'
import { figures } from './figures.ts'
import { reportPage } from './page.ts'
import type { ReportExecutor, ReportInput } from './report.ts'
import { equityTable, executorTable, tableText } from './tables.ts'

const EVIL = `</script><img src=x onerror=alert(1)>"'&<!--`
const library = { script: 'var uPlot = 0', style: '.u{}', notice: 'A library, its licence' }

const results: Results = {
  net_pnl: -0.17505666059583636,
  net_pnl_quote: -175.05666059583635,
  total_executors: 2,
  total_executors_with_position: 1,
  total_volume: 2000,
  total_long: 1,
  total_short: 0,
  close_types: { EXPIRED: 1, STOP_LOSS: 1 },
  accuracy_long: 0,
  accuracy_short: 0,
  total_positions: 1,
  accuracy: 0,
  max_drawdown_usd: -177.94855399601116,
  max_drawdown_pct: -0.17794855399601114,
  sharpe_ratio: -2.207609873995281,
  profit_factor: 0,
  win_signals: 0,
  loss_signals: 1,
  unrealized_pnl_quote: 0,
  position_realized_pnl_quote: 0,
  total_fees_quote: 1.2,
}

const executor = (id: string, more: Partial<ReportExecutor>): ReportExecutor => ({
  id,
  timestamp: 60,
  type: 'position_executor',
  status: 'TERMINATED',
  side: 'BUY',
  levelId: null,
  closeType: 'STOP_LOSS',
  closeTimestamp: 120,
  netPnlPct: -0.175,
  netPnlQuote: -175.05666059583635,
  cumFeesQuote: 1.2,
  filledAmountQuote: 2000,
  averagePrice: 101,
  openOrderLastUpdate: 60,
  fills: [],
  ...more,
})

const column = (...values: number[]): Float64Array => Float64Array.from(values)

const input: ReportInput = {
  controller: EVIL,
  config: { id: EVIL, [EVIL]: [EVIL], stop_loss: '0.03' },
  market: { connector_name: EVIL, trading_pair: `BTC-${EVIL}` },
  interval: '1m',
  mode: 'hummingbot',
  tradeCost: 0.0006,
  candles: {
    length: 3,
    timestamp: column(0, 60, 120),
    open: column(100, 101, 101),
    high: column(102, 103, 101),
    low: column(99, 100, 80),
    close: column(101, 101, 82),
  },
  executors: [
    executor(EVIL, { levelId: EVIL, timestamp: 120, closeType: 'EXPIRED', netPnlQuote: 0 }),
    executor('first', {}),
  ],
  results,
  holds: [
    {
      connector_name: EVIL,
      trading_pair: EVIL,
      buyAmountBase: 1,
      buyAmountQuote: 100,
      sellAmountBase: 0,
      sellAmountQuote: 0,
      netAmountBase: 1,
      cumFeesQuote: 0.1,
      volumeTradedQuote: 100,
      isClosed: false,
      executors: 1,
    },
  ],
  equity: {
    length: 3,
    timestamp: column(0, 60, 120),
    executorRealized: column(0, 0, -175.05666059583635),
    positionRealized: column(0, 0, 0),
    positionUnrealized: column(0, 0, 0),
    total: column(0, 0, -175.05666059583635),
    executorUnrealized: column(0, -20, 0),
    activeExecutors: column(0, 1, 0),
    cumulativeVolume: column(0, 0, 2000),
  },
}
const page = (of: ReportInput): string => [...reportPage(of, library)].join('')
const dataOf = (html: string): ReportData => JSON.parse(/id="report-data">(.*?)<\/script>/s.exec(html)?.[1] ?? '')

t.test('what a user wrote is text in the page, whatever it looks like', async (t) => {
  const html = page(input)
  t.notMatch(html, '<img', 'no element of theirs')
  t.equal(html.match(/<script/g)?.length, 3)
  t.equal(html.match(/<\/script>/g)?.length, 3, 'no script ends before its end')
  t.notMatch(html, '<!--')
  t.notMatch(html, `=${EVIL}`)
  const { id, level } = unpackExecutors(dataOf(html).executors)
  t.same(id, ['first', EVIL], 'and comes back whole, in the order of creation')
  t.equal(level[1], EVIL)
})

t.test('nothing in the page leads out of it', async (t) => {
  const html = page(input)
  t.notMatch(
    html,
    /https?:|["'(=]\/\/|@import|(?<!Object)url\(|srcset|<link|<iframe|fetch\(|XMLHttpRequest|WebSocket|sendBeacon/i,
  )
  t.notMatch(html.replaceAll('&lt;img src=x', '').replaceAll('\\u003cimg src=x', ''), / (src|href|action)=/)
  t.match(html, `content="default-src &#39;none&#39;;`, 'and its policy forbids it')
})

t.test('figures are shown with their units and kept exactly', async (t) => {
  const html = page({ ...input, market: { connector_name: 'binance', trading_pair: 'BTC-USDT' } })
  for (const { key, value, text } of figures(results, 'USDT', 'hummingbot'))
    t.match(html, `<data data-key="${key}" value="${value}" class=`, `${key} is exact`) &&
      t.match(html, `>${text}</data>`)
  t.match(html, '>-175.06 USDT</data>')
  t.match(html, '>-17.51 %</data>')
  t.match(html, '<data data-close="STOP_LOSS" value="1">1</data>')
  t.match(html, '1 executor from')
})

t.test('a backtest in which nothing happened has a page too', async (t) => {
  const nothing: Results = { ...results, total_executors: 0, net_pnl_quote: 0, close_types: 0 }
  const html = page({ ...input, executors: [], holds: [], results: nothing })
  t.match(html, 'No executor was created.')
  t.match(html, 'No executor made or lost anything.')
})

t.test('the profit that is drawn is the one its drawdown was measured on', async (t) => {
  const drawn = (mode: 'hummingbot' | 'realistic') => [...unpackNumbers(dataOf(page({ ...input, mode })).equity.total)]
  t.same(drawn('hummingbot').slice(0, 2), [0, 0])
  t.same(drawn('realistic').slice(0, 2), [0, -20])
  t.match(page(input), 'not annualised')
  t.match(page({ ...input, mode: 'realistic' }), 'for a year')
})

t.test('what is no number is not shown as one', async (t) => {
  const html = page({
    ...input,
    results: { ...results, sharpe_ratio: Number.NaN, profit_factor: Number.POSITIVE_INFINITY },
  })
  t.match(html, 'data-key="sharpe_ratio" value="NaN" class="">–</data>')
  t.match(html, 'data-key="profit_factor" value="Infinity" class="">–</data>')
})

t.test('entries and exits', async (t) => {
  const grid = executor('grid', {
    timestamp: 120,
    side: 'SELL',
    closeType: 'POSITION_HOLD',
    fills: [
      { timestamp: 60, price: 100.5, side: 'entry' },
      { timestamp: 120, price: 99, side: 'tp' },
    ],
  })
  const never = executor('never', { timestamp: 120, closeType: 'EXPIRED', filledAmountQuote: 0, netPnlQuote: 0 })
  const { executors, fills } = dataOf(page({ ...input, executors: [never, grid, executor('first', {})] }))
  const columns = unpackExecutors(executors)
  t.same(columns.id, ['first', '', 'grid'], 'what was never filled has no name')
  t.same(columns.created, [60, 120, 120])
  t.same(columns.entered, [60, null, 60])
  t.same(columns.closed, [120, 120, 120])
  t.same(columns.entryPrice, [101, null, 101])
  t.same(columns.exitPrice, [82, null, null], 'the close of the row on which it ended')
  t.same(columns.pnlQuote, [-175.0566606, 0, -175.0566606], 'to ten digits')
  t.same(columns.closeType, ['STOP_LOSS', 'EXPIRED', 'POSITION_HOLD'])
  t.same(unpackFills(fills), { time: [60, 120], price: [100.5, 99], side: ['SELL', 'BUY'] })
})

t.test('fields of CSV', async (t) => {
  t.equal(csvLine(['a', 1.5, null, -2, Number.NaN]), 'a,1.5,,-2,\n')
  t.equal(csvLine(['say "x", y\nz']), '"say ""x"", y\nz"\n')
  t.equal(csvLine(['=HYPERLINK("x")', '+1', '-1', '@a']), `"'=HYPERLINK(""x"")",'+1,'-1,'@a\n`, 'no formulas')
})

t.test('times and rows', async (t) => {
  t.equal(timeText(1_704_067_200), '2024-01-01 00:00')
  t.equal(timeText(1_704_067_201), '2024-01-01 00:00:01')
  t.equal(priceText(98.5, 2), '98.50')
  t.equal(priceText(42_283.581_23, 2), '42,283.581', 'eight digits')
  t.equal(priceText(0.000012345678, 8), '0.00001235')
  t.equal(priceText(undefined, 2), '–')
  t.equal(durationText(90_061), '1 d 1 h')
  t.equal(durationText(0), '0 s')
  t.same(
    [0, 10, 15, 20, 99].map((time) => rowAt([10, 20], time)),
    [-1, 0, 0, 1, 1],
  )
  t.same([...drawdownOf(column(1, 3, 2, -1, 4))], [0, 0, -1, -4, 0])
})

t.test('tables as files', async (t) => {
  t.equal(
    [...tableText('csv', executorTable([executor('=1+1', { levelId: 'a,b' })]))].join(''),
    'id,timestamp,type,status,side,level_id,close_type,close_timestamp,net_pnl_pct,net_pnl_quote,cum_fees_quote,' +
      'filled_amount_quote,average_price,open_order_last_update\n' +
      `'=1+1,60,position_executor,TERMINATED,BUY,"a,b",STOP_LOSS,120,-0.175,-175.05666059583635,1.2,2000,101,60\n`,
  )
  const equity = equityTable(input.equity, 'hummingbot')
  t.equal(
    [...tableText('csv', equity)].join(''),
    'timestamp,executor_realized_pnl,position_realized_pnl,position_unrealized_pnl,total_pnl,executor_unrealized_pnl,drawdown,active_executors,' +
      'cumulative_volume\n0,0,0,0,0,0,0,0,0\n60,0,0,0,0,-20,0,1,0\n' +
      '120,-175.05666059583635,0,0,-175.05666059583635,0,-175.05666059583635,0,2000\n',
  )
  const rows = JSON.parse([...tableText('json', equity)].join(''))
  t.equal(rows.length, 3)
  const [, second] = JSON.parse([...tableText('json', equityTable(input.equity, 'realistic'))].join(''))
  t.match(second, { total_pnl: 0, executor_unrealized_pnl: -20, drawdown: -20 }, 'what is open counts')
  t.same(Object.keys(rows[2]), equity.names)
  t.equal(rows[2].total_pnl, -175.05666059583635)
  t.same(JSON.parse([...tableText('json', executorTable([]))].join('')), [])
  t.match(JSON.parse([...tableText('json', executorTable([executor('=1', {})]))].join('')), [
    { id: '=1', level_id: null },
  ])
})
