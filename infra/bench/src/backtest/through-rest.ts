import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Candles } from '@colibri/strategy'
import { type Colibri, startColibri } from '@colibri/system-tests'
import { latency } from '../measure.ts'
import type { Figure } from '../report.ts'
import { BACKTEST_CASES, MARKET, pricesOf, TRADE_COST } from './cases.ts'
import { intervalOf, isAtHand, loadSeries, SERIES, type SeriesName } from './series.ts'
import { measureStateBeside } from './state-beside.ts'

/** The first one starts a worker, fetches the candles and compiles. */
const WARM_UP = 1
const RUNS = 3

const cli = fileURLToPath(new URL('../../../cli/dist/candles.js', import.meta.url))
const login = `Basic ${Buffer.from('admin:admin').toString('base64')}`

/** The same backtests through the edge of the running system, until the last byte of the answer, compressed as clients ask. */
export const measureThroughRest = async (cases = BACKTEST_CASES): Promise<readonly Figure[]> => {
  const colibri = await startColibri()
  const figures: Figure[] = []
  const bodies = new Map<string, string>()
  try {
    for (const name of SERIES.filter(isAtHand)) {
      const candles = loadSeries(name)
      const pair = `${name.split(' ')[0]?.toUpperCase()}-USDT`
      await importSeries(colibri, candles, name, pair)
      for (const each of cases) {
        const config = { ...each.config(pricesOf(candles, intervalOf(name))), trading_pair: pair }
        const body = JSON.stringify({
          start_time: candles.timestamp[0],
          end_time: candles.timestamp.at(-1),
          backtesting_resolution: intervalOf(name),
          trade_cost: TRADE_COST,
          config,
        })
        bodies.set(`${name} ${each.name}`, body)
        const times: number[] = []
        for (let run = 0; run < WARM_UP + RUNS; run++) {
          const ms = await answered(colibri, body)
          if (run >= WARM_UP) times.push(ms)
        }
        const ms = latency(times).p50
        const what = `backtest of ${each.name}, ${candles.length} rows (${name}), through REST, whole answer`
        figures.push(
          { name: what, value: (candles.length * 1000) / ms, unit: 'rows/s' },
          { name: what, value: ms, unit: 'ms' },
        )
      }
    }
    const longest = [...bodies.values()].at(-1)
    return longest === undefined ? figures : [...figures, ...(await measureStateBeside(colibri, longest))]
  } finally {
    await colibri.stop()
  }
}

const importSeries = async (colibri: Colibri, candles: Candles, name: SeriesName, pair: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'colibri-bench-'))
  try {
    const file = join(folder, 'candles.csv')
    await writeFile(file, csvOf(candles))
    const series = ['--connector', MARKET.connector_name, '--pair', pair, '--interval', intervalOf(name)]
    const child = spawn(process.execPath, [cli, 'import', file, ...series], {
      env: { ...process.env, COLIBRI_HOME: colibri.home },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`the import of candles ended with code ${code}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const csvOf = ({ timestamp, open, high, low, close, volume }: Candles): string => {
  const rows = Array.from(timestamp, (time, n) => [time, open[n], high[n], low[n], close[n], volume[n]].join(','))
  return ['timestamp,open,high,low,close,volume', ...rows].join('\n')
}

/** Milliseconds until the answer has come as a whole; its bytes are counted and let go. */
const answered = (colibri: Colibri, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const begin = performance.now()
    const headers = {
      authorization: login,
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const req = request(`${colibri.url}/backtesting/run`, { method: 'POST', headers }, (res) => {
      let bytes = 0
      let start = ''
      res.on('data', (chunk: Buffer) => {
        if (bytes === 0) start = chunk.subarray(0, 200).toString()
        bytes += chunk.length
      })
      res.on('error', reject)
      res.on('end', () => {
        // A failed backtest is answered with its error, which is short.
        if (res.statusCode === 200 && bytes > 10_000) resolve(performance.now() - begin)
        else reject(new Error(`a backtest was answered with ${res.statusCode} ${start}`))
      })
    })
    req.on('error', reject)
    req.end(body)
  })
