import { gzipSync } from 'node:zlib'
import { generatorOf } from '@colibri/strategy'

/** 2025-01-01. */
export const BEGIN = 1_735_689_600

/** A market that wanders, in minutes from `BEGIN` on, as a request brings it. The same seed gives the same market. */
export const someCandles = (rows: number, seed: number) => {
  const generator = generatorOf(seed)
  const lines = ['timestamp,open,high,low,close,volume']
  let price = 100_000
  for (let row = 0; row < rows; row += 1) {
    const open = price
    price += Math.round(generator.normal() * 60 - (price - 100_000) * 0.002)
    const high = Math.max(open, price) + generator.below(40)
    const low = Math.min(open, price) - generator.below(40)
    const columns = [open, high, low, price].map((cents) => (cents / 100).toFixed(2))
    lines.push([BEGIN + row * 60, ...columns, 1 + generator.below(9)].join(','))
  }
  return {
    connector: 'binance_perpetual',
    trading_pair: 'BTC-USDT',
    interval: '1m',
    csv_gz: gzipSync(lines.join('\n')).toString('base64'),
  }
}
