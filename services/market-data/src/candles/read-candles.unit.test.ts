import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { CandleFileInvalid } from './candle-csv.ts'
import { readCandles } from './read-candles.ts'
import { realFile } from './testing/real-candles.ts'

const NOW = Date.UTC(2025, 0, 1)
const rows = (step: number, count: number): string =>
  Array.from({ length: count }, (_, row) => `${row * step},1,2,0.5,1.5,${row + 1}`).join('\n')

t.test('candles of a file', async (t) => {
  const folder = t.testdir({})
  const read = (text: string | Buffer, interval?: string) => {
    const file = join(folder, 'candles.csv')
    writeFileSync(file, text)
    return readCandles(file, { interval, now: NOW })
  }
  await t.test('are read gzipped or not, and say what interval they have', async (t) => {
    for (const [step, interval] of [
      [1, '1s'],
      [60, '1m'],
      [180, '3m'],
      [3_600, '1h'],
      [86_400, '1d'],
    ] as const) {
      const text = `timestamp,open,high,low,close,volume\n${rows(step, 700)}\n`
      const found = await read(gzipSync(text))
      t.equal(found.interval, interval)
      t.same(found.candles, (await read(text)).candles)
      t.equal(found.candles.length, 700)
      t.match(found.candles[699], {
        time: 699_000 * step,
        open: 1,
        high: 2,
        low: 0.5,
        close: 1.5,
        volume: 700,
        trades: 0,
      })
    }
    t.equal((await read(`open,close,high,low,volume,time\n1,1,1,1,1,0\n1,1,1,1,1,300`)).interval, '5m')
  })
  await t.test('are refused with their lines', async (t) => {
    const text = `timestamp,open,high,low,close,volume\n${rows(60, 600)}\n36000,1,2,0.5,x,1\n`
    await t.rejects(
      read(text),
      new CandleFileInvalid([`line 602: close is 'x' and must be a number that is not negative`]),
    )
    await t.rejects(read('a,b\n1,2\n'), /line 1: the header has no column timestamp/)
    await t.rejects(read(''), /the file is empty/)
    await t.rejects(read(text.replace('x', '1'), '1h'), /line 3: time 60 .* is no 1h candle/)
    await t.rejects(readCandles(join(folder, 'none.csv'), { interval: undefined, now: NOW }), { code: 'ENOENT' })
  })
})

const real = realFile('BTC_USDT_5m_2024-01_2024-09.csv.gz')
t.test('a real file', { skip: real === undefined && 'the real data is not at hand' }, async (t) => {
  const shares: number[] = []
  const found = await readCandles(real ?? '', {
    interval: undefined,
    now: NOW,
    progress: (share) => shares.push(share),
  })
  t.equal(found.interval, '5m')
  t.equal(found.candles.length, 71_769)
  t.equal(shares.at(-1), 1)
})
