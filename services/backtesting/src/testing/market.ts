import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type CandleRow, candlesRangeRequest, rpcSubject } from '@colibri/contracts'
import type { NatsConnection } from '@nats-io/transport-node'

/** Beside a checkout that has it: two hundred thousand made-up minutes, and what the original did with them. */
const FOLDER = new URL('../../../../../shared/spec/backtests/', import.meta.url)

/** What the original did; undefined where it is not at hand. */
export const specFile = (name: string): unknown =>
  existsSync(FOLDER) ? JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) : undefined

/** Minutes from January 2025 on, as a file; a walk of our own where the others are not at hand. */
export const minutesCsv = (rows: number): string =>
  existsSync(FOLDER)
    ? gunzipSync(readFileSync(new URL('candles_1m_200k.csv.gz', FOLDER)))
        .toString()
        .split('\n', rows + 1)
        .join('\n')
    : ['timestamp,open,high,low,close,volume', ...walk(rows)].join('\n')

function* walk(rows: number): Generator<string> {
  let [seed, price] = [7, 100]
  for (let n = 0; n < rows; n++) {
    seed = (seed * 48_271) % 2_147_483_647
    const open = price
    price = Math.max(1, price + (seed / 2_147_483_647 - 0.5) / 5)
    const [high, low] = [Math.max(open, price) + 0.01, Math.min(open, price) - 0.01]
    yield [1_735_689_600 + n * 60, ...[open, high, low, price].map((value) => value.toFixed(2)), 5].join(',')
  }
}

export const minuteRows = (rows: number): CandleRow[] =>
  minutesCsv(rows)
    .split('\n')
    .slice(1)
    .map((line): CandleRow => {
      const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = line.split(',').map(Number)
      return [time * 1_000, open, high, low, close, volume, 0, 0, 0, 0]
    })

const PAGE = 4_000

/** Answers for market-data: these rows are stored of every series, and no others can be had. */
export const answerAsMarketData = async (
  nats: NatsConnection,
  rows: readonly CandleRow[],
): Promise<{ readonly asked: () => number }> => {
  const [first, last] = [rows[0]?.[0] ?? 0, (rows.at(-1)?.[0] ?? 0) + 60_000]
  let asked = 0
  nats.subscribe(rpcSubject('market-data', 'candles'), {
    callback: (_, message) => {
      asked += 1
      const { from, to, interval, tradingPair, connectorName } = candlesRangeRequest.parse(message.json())
      const reply = (body: object): void => {
        message.respond(JSON.stringify(body))
      }
      if (from < first || to > last)
        return reply({
          error: {
            kind: 'unavailable',
            message:
              `${interval} candles of ${tradingPair} on ${connectorName} are missing: the venue cannot be reached. ` +
              `Stored: ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`,
          },
        })
      const wanted = rows.filter(([time]) => time >= from && time < to)
      return reply({ rows: wanted.slice(0, PAGE), next: wanted[PAGE]?.[0] ?? null })
    },
  })
  nats.subscribe(rpcSubject('market-data', 'trading-rules'), {
    callback: (_, message) => {
      message.respond(JSON.stringify({ error: { kind: 'not-found', message: 'nobody knows it' } }))
    },
  })
  await nats.flush()
  return { asked: () => asked }
}
