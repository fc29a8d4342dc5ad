import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Candle } from '@colibri/exchange'

/** Real candles, where a checkout has the data beside it. */
const folder = new URL('../../../../../../shared/data/candles/', import.meta.url)

/** The path of a file of real candles; undefined where it is not at hand. */
export const realFile = (name: string): string | undefined => {
  const file = fileURLToPath(new URL(name, folder))
  return existsSync(file) ? file : undefined
}

export const realCandles = (name: string): readonly Candle[] | undefined => {
  const file = realFile(name)
  if (file === undefined) return undefined
  const [, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n')
  return lines.map((line) => {
    const [seconds = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = line.split(',').map(Number)
    return {
      time: seconds * 1000,
      open,
      high,
      low,
      close,
      volume,
      quoteVolume: 0,
      trades: 0,
      takerBuyBaseVolume: 0,
      takerBuyQuoteVolume: 0,
    }
  })
}
